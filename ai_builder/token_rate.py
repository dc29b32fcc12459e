"""The gate in front of each call to a model, and the one that paces calls."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Protocol

from prefect_luthier.ai_builder.tokens import NO_TOKENS, Tokens
from prefect_luthier.blocks.llm_provider import LLMProvider
from prefect_luthier.errors import LuthierError

WINDOW_S = 60.0


@dataclass
class Reservation:
    """Tokens set aside for one HTTP attempt."""

    reserved: int
    settled: Tokens | None = None

    @property
    def amount(self) -> int:
        """What counts: the real cost once it is known."""
        return self.reserved if self.settled is None else self.settled.total

    def settle(self, tokens: Tokens) -> None:
        """Replace the estimate by what the server reported."""
        self.settled = tokens


class Gate(Protocol):
    """What every single HTTP attempt passes, the tries after an error included.

    It is entered with an estimate of the attempt's tokens, and may wait, or raise a
    ``LuthierError`` to forbid the attempt. A reservation that was not settled when the block
    ends is released: the attempt failed and cost nothing that we know of.
    """

    def __call__(self, estimate: int) -> AbstractAsyncContextManager[Reservation]:
        """Reserve ``estimate`` tokens for the length of one attempt."""
        ...


@asynccontextmanager
async def open_gate(estimate: int) -> AsyncIterator[Reservation]:
    """Let every attempt pass at once."""
    yield Reservation(estimate)


@dataclass
class TokenRate:
    """A gate that keeps this process within so many tokens in any minute.

    Args:
        tokens_per_minute: The limit, estimates of running calls included.
        clock: Gives seconds.
        sleep: Waits seconds.
    """

    tokens_per_minute: int
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    _spent: deque[tuple[float, Reservation]] = field(default_factory=deque)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @asynccontextmanager
    async def __call__(self, estimate: int) -> AsyncIterator[Reservation]:
        """Wait until ``estimate`` fits into the minute, and reserve it.

        Raises:
            LuthierError: It never fits: the call alone exceeds the limit.
        """
        if estimate > self.tokens_per_minute:
            raise LuthierError(
                "model-budget",
                f"one call may take {estimate} tokens; only {self.tokens_per_minute} a minute "
                "are allowed.",
                "Raise tokens_per_minute, or lower AI_MAX_OUTPUT_TOKENS.",
            )
        reservation = Reservation(estimate)
        while (wait_s := self._enter(reservation)) > 0:
            await self.sleep(wait_s)
        try:
            yield reservation
        finally:
            if reservation.settled is None:
                reservation.settle(NO_TOKENS)

    def _enter(self, reservation: Reservation) -> float:
        """Book the reservation and return 0, or return how long to wait before trying again."""
        with self._lock:
            now = self.clock()
            while self._spent and self._spent[0][0] <= now - WINDOW_S:
                self._spent.popleft()
            free = self.tokens_per_minute - sum(each.amount for _, each in self._spent)
            if reservation.amount <= free:
                self._spent.append((now, reservation))
                return 0.0
            return max(0.05, min(1.0, self._spent[0][0] + WINDOW_S - now))


@cache
def _shared_rate(
    base_url: str,  # noqa: ARG001 - part of the cache's key
    model: str,  # noqa: ARG001 - part of the cache's key
    tokens_per_minute: int,
) -> TokenRate:
    return TokenRate(tokens_per_minute)


def gate_for(provider: LLMProvider) -> Gate:
    """Return the gate of a provider: one for all callers in this process."""
    if provider.tokens_per_minute is None:
        return open_gate
    return _shared_rate(provider.base_url, provider.model, provider.tokens_per_minute)
