"""What must be cut, built from the design alone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from shapely import Polygon

from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.simulation.motion import CHORD_MM

TOLERANCE_MM = 0.005
"""How far a cut may leave the target before it counts: arcs here are chords, and programs have
four decimals."""


@dataclass(frozen=True)
class Target:
    """What is to be cut, prismatic over its depth.

    Args:
        channels: The area of each channel, which must be gone.
        allowed: The areas that may be gone: the channels with the tolerance around them, and,
            where one is open to the soundhole, the waste inside it.
        walls_mm: Inner and outer radius of each channel's walls; the inner one is 0 where the
            channel is open to the soundhole.
        depth_mm: Depth.
    """

    channels: tuple[Polygon, ...]
    allowed: tuple[Polygon, ...]
    walls_mm: tuple[tuple[float, float], ...]
    depth_mm: float

    @property
    def area_mm2(self) -> float:
        """Area of all channels."""
        return sum(channel.area for channel in self.channels)


def target_of(spec: RosetteSpec) -> Target:
    """Return what a design wants to be cut: every ring, its glue gap, nothing else."""
    bands = _bands(spec)
    edges, walls = list(bands), list(bands)
    if spec.edge_land_mm == 0:
        inner, outer = bands[0][0] + spec.glue_gap_mm, bands[0][1]
        edges[0], walls[0] = (inner, outer), (0.0, outer)
    return Target(
        channels=tuple(annulus(inner, outer) for inner, outer in edges),
        allowed=tuple(
            annulus(max(inner - TOLERANCE_MM, 0.0) if inner else 0.0, outer + TOLERANCE_MM)
            for inner, outer in walls
        ),
        walls_mm=tuple(walls),
        depth_mm=spec.channel_depth_mm,
    )


def _bands(spec: RosetteSpec) -> list[tuple[float, float]]:
    """Return the inner and outer radius of each channel, with the glue gap on both sides."""
    bands: list[tuple[float, float]] = []
    inner = spec.soundhole_diameter_mm / 2 + spec.edge_land_mm
    joined = False
    for ring in spec.rings:
        outer = inner + ring.width_mm
        bands.append((bands.pop()[0] if joined else inner, outer))
        joined = ring.land_after_mm == 0
        inner = outer + ring.land_after_mm
    return [(inner - spec.glue_gap_mm, outer + spec.glue_gap_mm) for inner, outer in bands]


def annulus(inner_mm: float, outer_mm: float) -> Polygon:
    """Return the area between two circles around the origin; a disc when the inner is nothing."""
    holes = [_ring(inner_mm)] if inner_mm > 0 else []
    return Polygon(_ring(outer_mm), holes)


def _ring(radius_mm: float) -> np.ndarray:
    count = max(64, math.ceil(math.tau / (2 * math.sqrt(2 * CHORD_MM / radius_mm))))
    angles = np.linspace(0.0, math.tau, count, endpoint=False)
    return np.column_stack((radius_mm * np.cos(angles), radius_mm * np.sin(angles)))
