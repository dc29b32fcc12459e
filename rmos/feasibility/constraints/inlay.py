"""Constraints on what is laid into the channel: strips, tiles and their thickness."""

from __future__ import annotations

import numpy as np

from prefect_luthier.rmos.feasibility.frame import Frame
from prefect_luthier.rmos.feasibility.measured import Measured
from prefect_luthier.rmos.feasibility.thresholds import Threshold


def proud(frame: Frame, _: Threshold) -> Measured:
    """Measure t_inlay - d, mm: what is left to level. Source: PreciseBits; Picard, Tyson."""
    return Measured(frame.batch.inlay_mm - frame.batch.depth_mm)


def strip_thickness(frame: Frame, _: Threshold) -> Measured:
    """Measure the thickness of every ring's strips, mm. Source: veneer is 0.5 to 0.6 mm."""
    return Measured(frame.strip_mm, applies=frame.has_ring)


def strip_fits(frame: Frame, _: Threshold) -> Measured:
    """Measure the strips' thickness against the ring's width, mm. Source: geometry."""
    return Measured(frame.strip_mm, frame.batch.width_mm, frame.has_ring)


def tile_count(frame: Frame, _: Threshold) -> Measured:
    """Measure n = round(2 π r / l), tiles in every tiled ring; r is the ring's middle.

    A tiled ring without a tile length has no count, which blocks. Source: fewer than three
    straight tiles close no ring.
    """
    return Measured(frame.tile_count, applies=frame.is_tiled)


def tile_length(frame: Frame, _: Threshold) -> Measured:
    """Measure l, mm, of every tiled ring.

    Source: veneer, and the squares of mosaics, which are about 0.5 mm.
    """
    length = frame.batch.tile_length_mm
    return Measured(length, applies=frame.is_tiled & ~np.isnan(length))


def tile_pitch(frame: Frame, _: Threshold) -> Measured:
    """Measure |2 π r / n - l| / l, %: how much each tile must give for the ring to close."""
    length = frame.batch.tile_length_mm
    tiles = np.maximum(frame.tile_count, 1)
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.abs(2 * np.pi * frame.middle_mm / tiles - length) / length
    return Measured(100 * error, applies=frame.is_tiled & ~np.isnan(length))


def tile_wedge(frame: Frame, _: Threshold) -> Measured:
    """Measure 2 w sin(π / n), mm: the gap outside between tiles that touch inside.

    For n straight tiles of radial width w whose inner corners touch, the outer corners of two
    neighbours lie exactly that far apart. Source: geometry; it is close to 2 π w / n.
    """
    straight = frame.is_tiled & ~frame.batch.tapered & ~np.isnan(frame.batch.tile_length_mm)
    tiles = np.maximum(frame.tile_count, 2)
    return Measured(2 * frame.batch.width_mm * np.sin(np.pi / tiles), applies=straight)
