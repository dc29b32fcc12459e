"""Score many designs at once; one design is a batch of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.feasibility.effort import effort_data, effort_min
from prefect_luthier.rmos.feasibility.frame import Frame
from prefect_luthier.rmos.feasibility.measured import Outcome, apply_threshold
from prefect_luthier.rmos.feasibility.rules import RULES, Rule
from prefect_luthier.rmos.feasibility.spec_batch import Booleans, Floats, SpecBatch
from prefect_luthier.rmos.feasibility.thresholds import load_thresholds

__all__ = ["CODES", "ENGINE_CODE", "BatchVerdict", "SpecBatch", "score_batch"]

ENGINE_CODE = "ENGINE"
"""Code of a constraint that could not be worked out at all."""

CODES: tuple[str, ...] = (
    *dict.fromkeys(threshold.code for threshold in load_thresholds().rules.values()),
    ENGINE_CODE,
)
"""The codes, in the order of the margins' columns."""

ALLOWED_FLOOR = 50.0
"""Scores of allowed designs lie above it."""

BLOCKED_CEILING = 40.0
"""Scores of blocked designs lie below it."""

_UNKNOWN_MARGIN = -10.0
_CHUNK = 2048
_LEAST_COMFORT = 0.05


@dataclass(frozen=True)
class BatchVerdict:
    """The engine's answer for N designs.

    Args:
        score: ``(N,)`` 0 to 100; above 50 when allowed, below 40 when blocked.
        red: ``(N,)`` whether the design is blocked.
        yellow: ``(N,)`` whether it is allowed with warnings.
        margins: ``(N, K)`` smallest margin by code, see ``CODES``: 0 at the limit that blocks, 1
            at comfort; infinite where the code does not apply; NaN where a value is missing.
        codes: The K codes.
    """

    score: Floats
    red: Booleans
    yellow: Booleans
    margins: Floats
    codes: tuple[str, ...] = CODES


class Judged(NamedTuple):
    """What became of a batch: the answer, each rule's outcome, the rules that failed and why."""

    verdict: BatchVerdict
    outcomes: dict[str, Outcome]
    failures: dict[str, str]


def score_batch(batch: SpecBatch, context: Context) -> BatchVerdict:
    """Score designs under one context; whatever goes wrong, none is allowed by it.

    They are taken a few at a time, so that what is worked out stays in the processor's cache.
    """
    if len(batch) <= _CHUNK:
        return judge(batch, context).verdict
    starts = range(0, len(batch), _CHUNK)
    found = [judge(batch.take(slice(at, at + _CHUNK)), context).verdict for at in starts]
    return BatchVerdict(
        score=np.concatenate([each.score for each in found]),
        red=np.concatenate([each.red for each in found]),
        yellow=np.concatenate([each.yellow for each in found]),
        margins=np.concatenate([each.margins for each in found]),
    )


def judge(batch: SpecBatch, context: Context, rules: Mapping[str, Rule] | None = None) -> Judged:
    """Apply every rule and weigh the outcomes.

    A rule that raises, whatever it raises, blocks all designs: an engine that fails must never
    let anything pass.

    Args:
        batch: The designs.
        context: What they are judged under.
        rules: The rules to apply; all of them when none are given.
    """
    thresholds = load_thresholds()
    frame = Frame(batch, context)
    outcomes: dict[str, Outcome] = {}
    failures: dict[str, str] = {}
    with np.errstate(all="ignore"):
        for key, rule in (RULES if rules is None else rules).items():
            try:
                threshold = thresholds[key]
                outcomes[key] = apply_threshold(threshold, rule.measure(frame, threshold))
            except Exception as error:  # noqa: BLE001 - a failing rule blocks
                failures[key] = f"{type(error).__name__}: {error}"
        verdict = _weigh(frame, outcomes, failures)
    return Judged(verdict, outcomes, failures)


def _weigh(frame: Frame, outcomes: dict[str, Outcome], failures: dict[str, str]) -> BatchVerdict:
    count = len(frame.batch)
    thresholds = load_thresholds()
    margins = np.full((count, len(CODES)), np.inf)
    red = np.zeros(count, dtype=bool)
    yellow = np.zeros(count, dtype=bool)
    scale = _Scale(count)
    for key, outcome in outcomes.items():
        threshold = thresholds[key]
        least = _least(outcome.margin, count)
        column = CODES.index(threshold.code)
        margins[:, column] = np.minimum(margins[:, column], least)
        red |= _any(outcome.is_red)
        yellow |= _any(outcome.is_yellow)
        scale.add(least, threshold.weight)
        scale.exceed(outcome)
    try:
        scale.add_effort(effort_min(frame))
    except Exception as error:  # noqa: BLE001 - without it there is no score: blocked
        failures["effort"] = f"{type(error).__name__}: {error}"
    if failures:
        margins[:, -1] = np.nan
        red[:] = True
        scale.excess += len(failures)
    yellow &= ~red
    return BatchVerdict(scale.score(red), red, yellow, margins)


class _Scale:
    """Adds margins up to a score.

    Each margin becomes a comfort between 0 and 1 that strictly grows with it. Allowed designs
    score 50 plus 50 times the comforts' power mean of exponent -2, which the worst of them
    dominates. Blocked ones score 40 times the mean comfort over 1 plus all that exceeds a limit.
    Both grow with every margin, and no margin that weighs here grows with the channel's depth.
    """

    def __init__(self, count: int) -> None:
        self._weights = 0.0
        self._mean = np.zeros(count)
        self._inverse_squares = np.zeros(count)
        self.excess = np.zeros(count)

    def add(self, margin: Floats, weight: float) -> None:
        """Take the smallest margin of a rule into the score."""
        if weight:
            below = _LEAST_COMFORT / (1 - np.minimum(margin, 0.0))
            above = 1 - (1 - _LEAST_COMFORT) * 0.5 / (np.maximum(margin, 0.0) + 0.5)
            self._add_comfort(np.where(margin < 0, below, above), weight)

    def add_effort(self, minutes: Floats) -> None:
        """Take the work that a design is into the score."""
        data = effort_data()
        comfort = data["half_score_min"] / (data["half_score_min"] + minutes)
        self._add_comfort(np.nan_to_num(comfort), data["weight"])

    def exceed(self, outcome: Outcome) -> None:
        """Add up what exceeds the limits, over all rings."""
        if not outcome.is_red.any():
            return
        known = np.where(np.isnan(outcome.margin), _UNKNOWN_MARGIN, outcome.margin)
        short = np.where(outcome.is_red, known, 0.0)
        self.excess = self.excess - (short.sum(axis=1) if short.ndim > 1 else short)

    def score(self, red: Booleans) -> Floats:
        """Return the scores."""
        comfort = np.sqrt(self._weights / self._inverse_squares)
        allowed = ALLOWED_FLOOR + (100 - ALLOWED_FLOOR) * comfort
        blocked = BLOCKED_CEILING * (self._mean / self._weights) / (1 + self.excess)
        return np.where(red, np.nan_to_num(blocked), allowed)

    def _add_comfort(self, comfort: Floats, weight: float) -> None:
        known = np.where(comfort > 0, comfort, 1e-3)  # also where it is NaN
        self._weights += weight
        self._mean += weight * known
        self._inverse_squares += weight / known**2


def _least(margin: Floats, count: int) -> Floats:
    return margin.min(axis=1) if margin.ndim > 1 else np.broadcast_to(margin, (count,))


def _any(flags: Booleans) -> Booleans:
    return np.asarray(flags.any(axis=1) if flags.ndim > 1 else flags)
