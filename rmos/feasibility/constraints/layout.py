"""Constraints on where the rings lie and what they are of."""

from __future__ import annotations

import numpy as np

from prefect_luthier.rmos.feasibility.frame import Frame
from prefect_luthier.rmos.feasibility.measured import Measured
from prefect_luthier.rmos.feasibility.spec_batch import Booleans, Floats
from prefect_luthier.rmos.feasibility.thresholds import Threshold

_WOODS = frozenset({"softwood", "hardwood"})


def finite(frame: Frame, _: Threshold) -> Measured:
    """Count the quantities that are NaN, infinite or out of range.

    Lengths must be > 0; lands, the edge land and the glue gap may be 0. Source: what a length is.
    """
    batch, context = frame.batch, frame.context
    wrong = np.zeros(len(batch))
    for length in (batch.soundhole_mm, batch.depth_mm, batch.inlay_mm, batch.pass_mm):
        wrong += ~_positive(length)
    for length in (batch.edge_land_mm, batch.gap_mm):
        wrong += ~_not_negative(length)
    wrong += ~(np.isnan(batch.outer_mm) | _positive(batch.outer_mm))
    in_rings = ~_positive(batch.width_mm) + 1.0 * ~_not_negative(batch.land_after_mm)
    for optional in (batch.tile_length_mm, batch.strip_mm):
        in_rings += ~(np.isnan(optional) | _positive(optional))
    wrong += np.where(frame.has_ring, in_rings, 0.0).sum(axis=1)
    wrong += batch.ring_count < 1
    speeds = (context.spindle_rpm, context.feed_mm_min, context.plunge_mm_min)
    given = np.array([*speeds, context.top_thickness_mm], dtype=float)
    return Measured(wrong + np.sum(~_positive(given)))


def material_known(frame: Frame, _: Threshold) -> Measured:
    """Say of every ring whether the library has its material: 1 or 0."""
    return Measured(frame.is_known, applies=frame.has_ring)


def soundboard_wood(frame: Frame, _: Threshold) -> Measured:
    """Say whether the soundboard is of a wood: 1 or 0. The chipload tables hold for wood only."""
    return Measured(frame.context.material.kind in _WOODS)


def radii_order(frame: Frame, _: Threshold) -> Measured:
    """Measure the room inside every ring: R_in,i minus R_out,i-1, mm.

    Inside the first ring lies the soundhole: the design's own, and the instrument's where the
    context fixes it. Source: geometry, R_hole <= R_in,i < R_out,i <= R_in,i+1.
    """
    inside = np.empty_like(frame.inner_mm)
    inside[:, 1:] = frame.outer_mm[:, :-1]
    inside[:, 0] = frame.hole_mm
    if frame.context.soundhole_diameter_mm is not None:
        inside[:, 0] = np.maximum(frame.hole_mm, frame.context.soundhole_diameter_mm / 2)
    return Measured(frame.inner_mm - inside, applies=frame.has_ring)


def soundhole(frame: Frame, _: Threshold) -> Measured:
    """Measure how far the design's soundhole is from the instrument's, mm of diameter.

    Applies where the context fixes the soundhole. Source: a hole that exists cannot be moved.
    """
    fixed = frame.context.soundhole_diameter_mm
    if fixed is None:
        return Measured(np.zeros(len(frame.batch)), applies=np.zeros(len(frame.batch), bool))
    return Measured(np.abs(frame.batch.soundhole_mm - fixed))


def ring_sum(frame: Frame, _: Threshold) -> Measured:
    """Measure |sum of widths and lands - (declared OD - inner diameter) / 2|, mm.

    Applies where the design declares its outer diameter. Source: the two must say the same.
    """
    declared = frame.batch.outer_mm
    return Measured(np.abs(frame.rosette_mm - declared / 2), applies=~np.isnan(declared))


def target_diameter(frame: Frame, _: Threshold) -> Measured:
    """Measure |R_out - wanted diameter / 2|, mm, where the context wants a diameter."""
    wanted = frame.context.target_diameter_mm
    if wanted is None:
        return Measured(np.zeros(len(frame.batch)), applies=np.zeros(len(frame.batch), bool))
    return Measured(np.abs(frame.rosette_mm - wanted / 2))


def edge_land(frame: Frame, _: Threshold) -> Measured:
    """Measure R_in,1 - R_hole, mm, unless the first ring is edge-bound. Source: The Shed, 5 mm."""
    return Measured(frame.batch.edge_land_mm, applies=~frame.is_edge_bound)


def land(frame: Frame, _: Threshold) -> Measured:
    """Measure the soundboard between two channels, mm.

    Rings without land share a channel; a thin land breaks out as a sliver. Source: lands in use
    are 3.2 and 4.76 mm.
    """
    lands = frame.batch.land_after_mm
    between = frame.has_ring & ~frame.is_last & (lands != 0)
    return Measured(lands, applies=between)


def _positive(values: Floats) -> Booleans:
    return np.isfinite(values) & (values > 0)


def _not_negative(values: Floats) -> Booleans:
    return np.isfinite(values) & (values >= 0)
