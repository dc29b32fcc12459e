"""Telling whoever watches a search in this process how it goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass

from prefect_luthier.rmos.search.attempts import Attempt
from prefect_luthier.rmos.search.budget import Budget


@dataclass(frozen=True)
class Round:
    """What one round of a search brought.

    Args:
        attempts: The new attempts.
        best: The best one so far, allowed or not.
        made: How many there were so far.
        elapsed_s: Time since the start.
        budget: What may be spent.
    """

    attempts: Sequence[Attempt]
    best: Attempt | None
    made: int
    elapsed_s: float
    budget: Budget

    @property
    def share(self) -> float:
        """The part of the budget that is spent, 0 to 1."""
        return min(1.0, max(self.made / self.budget.attempts, self.elapsed_s / self.budget.seconds))


def _ignore(_round: Round) -> None:
    return None


# Set by the command line and the page around a search in their own process.
search_listener: ContextVar[Callable[[Round], None]] = ContextVar(
    "luthier_search_listener", default=_ignore
)
