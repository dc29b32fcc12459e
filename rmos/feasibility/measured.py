"""What a constraint measures, and the margin that follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from prefect_luthier.rmos.feasibility.spec_batch import Booleans, Floats
from prefect_luthier.rmos.feasibility.thresholds import Limit, Threshold

TOLERANCE = 1e-9
"""Share of a limit by which rounding may miss it."""


@dataclass(frozen=True)
class Measured:
    """A quantity of every design, or of every ring of every design.

    Args:
        value: ``()``, ``(N,)`` or ``(N, R)``, in the threshold's unit; NaN is a missing value.
        base: What the limits are multiples of; broadcasts with ``value``.
        applies: Where there is anything to measure; None is everywhere.
    """

    value: Any
    base: Any = 1.0
    applies: Booleans | None = None


@dataclass(frozen=True)
class Outcome:
    """A constraint applied to a batch; the arrays have the shape of the measured value.

    Args:
        measured: What was measured.
        margin: 0 at the limit that blocks, 1 at comfort, negative where blocked. A rule that
            only warns has 0.5 at its limit and stays above 0. Infinite where nothing applies.
        is_red: Where the design is blocked; also where the value is missing.
        is_yellow: Where there is a warning.
    """

    measured: Measured
    margin: Floats
    is_red: Booleans
    is_yellow: Booleans


def apply_threshold(threshold: Threshold, measured: Measured) -> Outcome:
    """Compare a measured quantity with its limits."""
    value = np.asarray(measured.value, dtype=float)
    base = np.asarray(measured.base, dtype=float)
    margin, is_red = _margin(threshold, value, base)
    is_yellow = np.zeros(is_red.shape, dtype=bool)
    if threshold.yellow is not None:
        is_yellow = ~is_red & ~_holds(_room(threshold, threshold.yellow, value, base), base)
    if measured.applies is not None:
        is_red = is_red & measured.applies
        is_yellow = is_yellow & measured.applies
        margin = np.where(measured.applies, margin, np.inf)
    return Outcome(measured, margin, is_red, is_yellow)


def _margin(threshold: Threshold, value: Floats, base: Floats) -> tuple[Floats, Booleans]:
    """Return the margin, and where it blocks; a NaN in either blocks."""
    if threshold.red is None:
        assert threshold.yellow is not None
        room = _room(threshold, threshold.yellow, value, base)
        share = room / _span(threshold, threshold.yellow, base)
        margin = np.where(share < 0, 0.5 / (1 - np.minimum(share, 0)), 0.5 + 0.5 * share)
        return margin, np.isnan(margin)
    room = _room(threshold, threshold.red, value, base)
    is_red = ~_holds(room, base)
    margin = np.where(is_red, room, 1.0) if threshold.is_exact else room
    if not threshold.is_exact:
        margin = room / _span(threshold, threshold.red, base)
    return np.where(is_red, np.minimum(margin, -TOLERANCE), np.maximum(margin, 0.0)), is_red


def _room(threshold: Threshold, limit: Limit, value: Floats, base: Floats) -> Floats:
    """Return how far the value is on the right side of a limit."""
    room = limit.value * base - value
    return room if threshold.at_most else -room


def _span(threshold: Threshold, limit: Limit, base: Floats) -> Floats:
    """Return the distance from a limit to comfort."""
    assert threshold.comfort is not None
    return abs(limit.value - threshold.comfort.value) * np.abs(base)


def _holds(room: Floats, base: Floats) -> Booleans:
    return np.asarray(room >= -TOLERANCE * (1 + np.abs(base)), dtype=bool)
