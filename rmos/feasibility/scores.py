"""From margins to a score.

Each margin becomes a comfort between 0 and 1 that strictly grows with it. Allowed designs score 50
plus 50 times the comforts' power mean of exponent -2, which the worst of them dominates. Blocked
ones score 40 times the mean comfort over 1 plus all that exceeds a limit. Both grow with every
margin, and no margin that weighs here grows with the channel's depth.
"""

from __future__ import annotations

import numpy as np

from prefect_luthier.rmos.feasibility.measured import Outcome
from prefect_luthier.rmos.feasibility.spec_batch import Booleans, Floats

ALLOWED_FLOOR = 50.0
"""Scores of allowed designs lie above it."""

BLOCKED_CEILING = 40.0
"""Scores of blocked designs lie below it."""

_UNKNOWN_MARGIN = -10.0
_LEAST_COMFORT = 0.05
_UNKNOWN_COMFORT = 1e-3
_HALF_MARGIN = 0.5


def comforts(margins: Floats) -> Floats:
    """Return the comfort of each margin: 0.05 at the limit, 0.68 at comfort, 1 at infinity."""
    below = _LEAST_COMFORT / (1 - np.minimum(margins, 0.0))
    above = 1 - (1 - _LEAST_COMFORT) * _HALF_MARGIN / (np.maximum(margins, 0.0) + _HALF_MARGIN)
    return np.asarray(np.where(margins < 0, below, above))


def excess(outcome: Outcome) -> Floats | float:
    """Return how far limits are exceeded, over all rings, ``(N,)``; a missing value counts 10."""
    if not outcome.is_red.any():
        return 0.0
    known = np.where(np.isnan(outcome.margin), _UNKNOWN_MARGIN, outcome.margin)
    short = np.where(outcome.is_red, -known, 0.0)
    return np.asarray(short.sum(axis=1) if short.ndim > 1 else short)


def scores(comfort: Floats, weights: Floats, exceeded: Floats | float, red: Booleans) -> Floats:
    """Return the scores, ``(N,)``.

    Args:
        comfort: ``(K, N)`` comforts; NaN is a missing value.
        weights: ``(K,)`` their weights.
        exceeded: ``(N,)`` the sum of what exceeds limits.
        red: ``(N,)`` whether a design is blocked.
    """
    known = np.where(comfort > 0, comfort, _UNKNOWN_COMFORT)  # also where it is NaN
    shares = (weights / weights.sum())[:, None]
    mean = (shares * known).sum(axis=0)
    power_mean = 1 / np.sqrt((shares / known**2).sum(axis=0))
    allowed = ALLOWED_FLOOR + (100 - ALLOWED_FLOOR) * power_mean
    blocked = BLOCKED_CEILING * mean / (1 + exceeded)
    return np.asarray(np.where(red, np.nan_to_num(blocked), allowed))
