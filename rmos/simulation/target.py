"""What must be cut, built from the design alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.simulation.motion import CHORD_MM

TOLERANCE_MM = 0.005
"""How far a cut may leave the target before it counts: arcs here are chords, and programs have
four decimals."""


@dataclass(frozen=True)
class Target:
    """The area to be cut, prismatic over its depth.

    Args:
        area: What must be gone.
        allowed: What may be gone: the area and the tolerance around it, and, where a channel is
            open to the soundhole, the waste inside it.
        walls_mm: Inner and outer radius of each channel's walls; the inner one is 0 where the
            channel is open to the soundhole.
        depth_mm: Depth.
    """

    area: BaseGeometry
    allowed: BaseGeometry
    walls_mm: tuple[tuple[float, float], ...]
    depth_mm: float


def target_of(spec: RosetteSpec) -> Target:
    """Return what a design wants to be cut: every ring, its glue gap, nothing else."""
    bands: list[list[float]] = []
    inner = spec.soundhole_diameter_mm / 2 + spec.edge_land_mm
    joined = False
    for ring in spec.rings:
        outer = inner + ring.width_mm
        if joined:
            bands[-1][1] = outer
        else:
            bands.append([inner, outer])
        joined = ring.land_after_mm == 0
        inner = outer + ring.land_after_mm
    open_inside = spec.edge_land_mm == 0
    for index, band in enumerate(bands):
        band[0] -= 0.0 if open_inside and index == 0 else spec.glue_gap_mm
        band[1] += spec.glue_gap_mm
    allowed = [annulus(a - TOLERANCE_MM, b + TOLERANCE_MM) for a, b in bands]
    if open_inside:
        allowed.append(annulus(0.0, bands[0][1]))
    return Target(
        area=shapely.union_all([annulus(a, b) for a, b in bands]),
        allowed=shapely.union_all(allowed),
        walls_mm=tuple(
            (0.0 if open_inside and index == 0 else a, b) for index, (a, b) in enumerate(bands)
        ),
        depth_mm=spec.channel_depth_mm,
    )


def annulus(inner_mm: float, outer_mm: float) -> Polygon:
    """Return the area between two circles around the origin; a disc when the inner is nothing."""
    holes = [_ring(inner_mm)] if inner_mm > 0 else []
    return Polygon(_ring(outer_mm), holes)


def _ring(radius_mm: float) -> np.ndarray:
    count = max(64, math.ceil(math.tau / (2 * math.sqrt(2 * CHORD_MM / radius_mm))))
    angles = np.linspace(0.0, math.tau, count, endpoint=False)
    return np.column_stack((radius_mm * np.cos(angles), radius_mm * np.sin(angles)))
