"""How a search ended."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from prefect_luthier.rmos.feasibility.verdict import Violation
from prefect_luthier.rmos.search.attempts import Attempt, violation_json

Status = Literal["success", "best_effort", "exhausted", "timeout"]

_NAMED_CODES = 8
_DIGITS = 9


@dataclass(frozen=True)
class Binding:
    """A constraint that keeps designs from being allowed.

    Args:
        code: The constraint.
        proven: Whether no design can satisfy it together with the others named; otherwise it is
            what stood against the attempts.
        message: Why, with the figures.
        share: Part of the attempts that it blocked, where attempts were made.
        nearest: Whether it blocks the attempt that came nearest.
    """

    code: str
    proven: bool
    message: str
    share: float | None = None
    nearest: bool = False
    measured: float | None = None
    limit: float | None = None
    unit: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        figures = {"measured": _plain(self.measured), "limit": _plain(self.limit)}
        return asdict(self) | figures


def _plain(value: float | None) -> float | None:
    """Return a figure without the noise of its last bits; None for one that JSON cannot hold."""
    return None if value is None or not math.isfinite(value) else round(value, _DIGITS)


@dataclass(frozen=True)
class SearchResult:
    """How a search ended.

    Args:
        status: `success` with the wanted score; `best_effort` with an allowed design below it;
            `exhausted` without an allowed design; `timeout` when time ran out before attempts.
        best: The best allowed attempt.
        nearest: The best attempt when none is allowed.
        attempts_made: How many attempts there were.
        evaluations: How many designs were scored.
        time_s: How long it took.
        binding_constraints: What made it fail; empty when there is an allowed design.
    """

    status: Status
    best: Attempt | None
    nearest: Attempt | None
    attempts_made: int
    evaluations: int
    time_s: float
    binding_constraints: tuple[Binding, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form, without the attempts."""
        best = self.best
        return {
            "status": self.status,
            "best": best.spec.model_dump(mode="json") if best and best.spec else None,
            "digest": best.digest if best else None,
            "score": best.score if best else None,
            "risk": best.risk if best else None,
            "decision": "ALLOW" if best else "BLOCK",
            "violations": [violation_json(each) for each in best.violations] if best else [],
            "attempts_made": self.attempts_made,
            "evaluations": self.evaluations,
            "time_s": round(self.time_s, 3),
            "binding_constraints": [each.to_json() for each in self.binding_constraints],
        }


def what_blocked(
    nearest: Attempt | None, blocked_by: Mapping[str, int], attempts: int
) -> tuple[Binding, ...]:
    """Return the constraints that blocked attempts: first those of the nearest one.

    Args:
        nearest: The best attempt, which is not allowed.
        blocked_by: How many attempts each constraint blocked.
        attempts: How many there were.
    """
    of_nearest = {each.code: each for each in _blocking(nearest)}
    others = sorted(set(blocked_by) - set(of_nearest), key=lambda code: (-blocked_by[code], code))
    return tuple(
        _observed(code, of_nearest.get(code), blocked_by.get(code, 0) / max(1, attempts))
        for code in [*of_nearest, *others][:_NAMED_CODES]
    )


def _blocking(attempt: Attempt | None) -> list[Violation]:
    return [each for each in attempt.violations if each.severity == "RED"] if attempt else []


def _observed(code: str, violation: Violation | None, share: float) -> Binding:
    if violation is None:
        return Binding(
            code, proven=False, message=f"It blocked {share:.0%} of the attempts.", share=share
        )
    return Binding(
        code,
        proven=False,
        message=f"{violation.message} It blocked {share:.0%} of the attempts.",
        share=share,
        nearest=True,
        measured=violation.measured,
        limit=violation.limit,
        unit=violation.unit,
    )
