"""Scoring proposals with the feasibility engine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.feasibility.batch import score_batch
from prefect_luthier.rmos.feasibility.engine import score
from prefect_luthier.rmos.feasibility.spec_batch import SpecBatch
from prefect_luthier.rmos.feasibility.verdict import Risk, Violation

_SCORE_DECIMALS = 9


@dataclass(frozen=True)
class Judged:
    """A verdict, as an attempt keeps it."""

    score: float
    risk: Risk
    violations: tuple[Violation, ...]


Judge = Callable[[Sequence[RosetteSpec]], Sequence[Judged]]
"""Scores designs, all at once."""


def engine_judge(context: Context) -> Judge:
    """Return a judge that scores designs as one batch; violations are put into words one by one.

    Scores are rounded by a hair, so that one does not depend on the batch that it came in.
    """

    def judge(specs: Sequence[RosetteSpec]) -> list[Judged]:
        found = score_batch(SpecBatch.of(specs), context)
        return [
            _judged(spec, context, round(float(points), _SCORE_DECIMALS), clean=not flagged)
            for spec, points, flagged in zip(
                specs, found.score, found.red | found.yellow, strict=True
            )
        ]

    return judge


def _judged(spec: RosetteSpec, context: Context, points: float, *, clean: bool) -> Judged:
    if clean:
        return Judged(points, "GREEN", ())
    verdict = score(spec, context)
    return Judged(points, verdict.risk, verdict.violations)
