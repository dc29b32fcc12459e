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
from prefect_luthier.rmos.feasibility.scores import comforts, excess, scores
from prefect_luthier.rmos.feasibility.spec_batch import Booleans, Floats, SpecBatch
from prefect_luthier.rmos.feasibility.thresholds import load_thresholds

__all__ = ["CODES", "ENGINE_CODE", "BatchVerdict", "SpecBatch", "score_batch"]

ENGINE_CODE = "ENGINE"
"""Code of a constraint that could not be worked out at all."""

_RULES = load_thresholds().rules
_KEYS = tuple(_RULES)
_CODE_OF_RULE = [rule.code for rule in _RULES.values()]

CODES: tuple[str, ...] = (*dict.fromkeys(_CODE_OF_RULE), ENGINE_CODE)
"""The codes, in the order of the margins' columns."""

# Rules of one code stand together, so a column is the least of neighbouring rows.
_FIRST_OF_CODE = [_CODE_OF_RULE.index(code) for code in CODES[:-1]]
_WEIGHING = np.array([rule.weight > 0 for rule in _RULES.values()])
_WEIGHTS = np.array(
    [rule.weight for rule in _RULES.values() if rule.weight > 0] + [effort_data()["weight"]]
)
_CHUNK = 2048


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
    least = np.full((len(_KEYS), count), np.inf)
    red = np.zeros(count, dtype=bool)
    yellow = np.zeros(count, dtype=bool)
    exceeded: Floats | float = 0.0
    for row, key in enumerate(_KEYS):
        if key in outcomes:
            outcome = outcomes[key]
            least[row] = outcome.margin.min(axis=1) if outcome.margin.ndim > 1 else outcome.margin
            red |= _any(outcome.is_red)
            yellow |= _any(outcome.is_yellow)
            exceeded = exceeded + excess(outcome)
    comfort = np.vstack([comforts(least[_WEIGHING]), _effort_comfort(frame, failures)])
    margins = np.minimum.reduceat(least, _FIRST_OF_CODE, axis=0).T
    engine = np.full((count, 1), np.nan if failures else np.inf)
    red |= bool(failures)
    return BatchVerdict(
        score=scores(comfort, _WEIGHTS, exceeded + len(failures), red),
        red=red,
        yellow=yellow & ~red,
        margins=np.hstack([margins, engine]),
    )


def _effort_comfort(frame: Frame, failures: dict[str, str]) -> Floats:
    half = effort_data()["half_score_min"]
    try:
        return np.asarray(half / (half + effort_min(frame)))
    except Exception as error:  # noqa: BLE001 - without it there is no score: blocked
        failures["effort"] = f"{type(error).__name__}: {error}"
        return np.full(len(frame.batch), np.nan)


def _any(flags: Booleans) -> Booleans:
    return np.asarray(flags.any(axis=1) if flags.ndim > 1 else flags)
