"""What the model generator needs of a model: an answer to messages, whatever they are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from pydantic import BaseModel


@dataclass(frozen=True)
class Asked:
    """What came back.

    Args:
        answer: The answer in the demanded form, None if it could not be read or did not come.
        raw: What was written, word for word.
        problem: Why there is no answer.
        answered: Whether anything came back at all.
    """

    answer: BaseModel | None
    raw: str = ""
    problem: str = ""
    answered: bool = True


class Ask(Protocol):
    """Asks a model. It raises nothing: what went wrong is in what it returns."""

    def __call__(
        self,
        messages: Sequence[Mapping[str, str]],
        shape: type[BaseModel],
        *,
        temperature: float,
        timeout_s: float,
    ) -> Asked:
        """Return the answer to messages, in the demanded form."""
        ...
