"""The gate in front of each call to a model."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from prefect_luthier.ai_builder.tokens import Tokens


@dataclass
class Reservation:
    """Tokens set aside for one HTTP attempt."""

    reserved: int
    settled: Tokens | None = None

    def settle(self, tokens: Tokens) -> None:
        """Replace the estimate by what the server reported."""
        self.settled = tokens


class Gate(Protocol):
    """What every single HTTP attempt passes, the tries after an error included.

    It is entered with an estimate of the attempt's tokens, and raises a ``LuthierError`` to
    forbid the attempt. A reservation that was not settled when the block ends is released: the
    attempt failed and cost nothing that we know of.
    """

    def __call__(self, estimate: int) -> AbstractAsyncContextManager[Reservation]:
        """Reserve ``estimate`` tokens for the length of one attempt."""
        ...


@asynccontextmanager
async def open_gate(estimate: int) -> AsyncIterator[Reservation]:
    """Let every attempt pass at once."""
    yield Reservation(estimate)
