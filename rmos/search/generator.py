"""What a generator is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from prefect_luthier.rmos.search.attempts import Memory, Proposal
from prefect_luthier.rmos.search.problem import SearchProblem


class Generator(Protocol):
    """Proposes designs for a problem, from what is known of earlier attempts.

    It holds no state of its own: what it proposes follows from the problem, its seed and the
    memory, so that a search can be repeated, moved to another process, and continued.
    """

    @property
    def name(self) -> str:
        """Its name in the attempts."""
        ...

    def batch_size(self, made: int) -> int:
        """Return how many it proposes from the same knowledge, after so many attempts."""
        ...

    def leg_size(self, made: int) -> int:
        """Return how many attempts are worth a task of their own, after so many attempts."""
        ...

    def propose(
        self, problem: SearchProblem, memory: Memory, count: int, remaining_s: float
    ) -> Sequence[Proposal]:
        """Return proposals; the first of them do not depend on how many are asked for.

        Args:
            problem: What is to be solved.
            memory: What is known.
            count: How many are asked for, at most `batch_size`.
            remaining_s: Time left; whoever waits for somebody else must not wait longer.
        """
        ...
