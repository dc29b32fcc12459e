"""What was tried: attempts, and what a generator remembers of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.feasibility.verdict import Risk, Violation

ELITE = 24
"""How many of the best attempts a generator remembers."""

NEWEST = 48
"""How many of the newest ones."""


@dataclass(frozen=True)
class Proposal:
    """What a generator proposes: a design, or why there is none.

    Args:
        spec: The design.
        answer: What came instead of a design, word for word.
        problem: Why it is none.
        code: ``ANSWER`` when the answer is no design, ``MODEL`` when there was no answer.
    """

    spec: RosetteSpec | None
    answer: str = ""
    problem: str = ""
    code: Literal["ANSWER", "MODEL"] = "ANSWER"


@dataclass(frozen=True)
class Attempt:
    """One proposal with its verdict.

    Args:
        number: Counts from 1 within the search.
        spec: The design; None for an answer that is none.
        digest: Digest of the design, or of the answer.
        score: 0 to 100; 0 for an answer that is no design.
        risk: The engine's risk; RED for an answer that is no design.
        violations: Everything against it.
        generator: Who proposed it.
        time_s: Its share of the time of proposing and scoring.
    """

    number: int
    spec: RosetteSpec | None
    digest: str
    score: float
    risk: Risk
    violations: tuple[Violation, ...]
    generator: str
    time_s: float = 0.0

    @property
    def allowed(self) -> bool:
        """Whether it may be a result."""
        return self.spec is not None and self.risk != "RED"

    @property
    def is_silence(self) -> bool:
        """Whether whoever was asked gave no answer at all."""
        return self.spec is None and any(each.code == "MODEL" for each in self.violations)

    @property
    def rank(self) -> tuple[bool, float, int]:
        """Larger is better: allowed before not, then the score, then the earlier one."""
        return self.allowed, self.score, -self.number

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, without the design: its digest names it."""
        return {
            "number": self.number,
            "digest": self.digest,
            "score": self.score,
            "risk": self.risk,
            "violations": [violation_json(each) for each in self.violations],
            "generator": self.generator,
            "time_s": round(self.time_s, 6),
        }


def violation_json(violation: Violation) -> dict[str, Any]:
    """Return a violation as documents and rows show it."""
    return violation.model_dump(mode="json", exclude={"change"})


@dataclass(frozen=True)
class Memory:
    """What a generator knows of the attempts so far. It does not grow with them.

    Args:
        made: How many attempts there were.
        elite: The best ones, best first, no design twice.
        newest: The newest attempts, oldest first.
        blocked_by: How many attempts each constraint blocked.
        silences: How many of the newest attempts, in a row, got no answer at all.
    """

    made: int = 0
    elite: tuple[Attempt, ...] = ()
    newest: tuple[Attempt, ...] = ()
    blocked_by: dict[str, int] = field(default_factory=dict)
    silences: int = 0

    @property
    def best(self) -> Attempt | None:
        """The best attempt, allowed or not."""
        return self.elite[0] if self.elite else None

    def after(self, attempts: Iterable[Attempt]) -> Memory:
        """Return the memory after more attempts, in order."""
        made, silences = self.made, self.silences
        blocked = dict(self.blocked_by)
        elite = {attempt.digest: attempt for attempt in self.elite}
        taken = list(attempts)
        for attempt in taken:
            made += 1
            silences = silences + 1 if attempt.is_silence else 0
            if attempt.spec is not None:
                elite.setdefault(attempt.digest, attempt)
            for code in {each.code for each in attempt.violations if each.severity == "RED"}:
                blocked[code] = blocked.get(code, 0) + 1
        best = sorted(elite.values(), key=lambda attempt: attempt.rank, reverse=True)
        newest = (*self.newest, *taken)[-NEWEST:]
        return Memory(made, tuple(best[:ELITE]), newest, blocked, silences)
