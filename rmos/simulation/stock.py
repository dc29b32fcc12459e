"""The wood while it is cut: which area is gone down to which height."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from prefect_luthier.rmos.simulation.motion import Motion

_ROUND_SEGMENTS = 32
_SAME_HEIGHT_MM = 1e-4

SLIVER_MM = 0.002
"""A removal thinner than this is the difference between chords, not wood."""


def swept_area(motion: Motion, radius_mm: float) -> BaseGeometry:
    """Return the area over which a tool passes."""
    points = motion.points()
    still = motion.flat_mm < SLIVER_MM
    path = shapely.Point(points[0]) if still else shapely.LineString(points)
    return path.buffer(radius_mm, quad_segs=_ROUND_SEGMENTS)


def right_half(motion: Motion, radius_mm: float) -> BaseGeometry:
    """Return the area that an arc sweeps on the right of its way, without its ends."""
    assert motion.centre is not None
    inner = motion.points()
    outwards = radius_mm if motion.sweep > 0 else -min(radius_mm, motion.radius_mm)
    scale = (motion.radius_mm + outwards) / motion.radius_mm
    outer = motion.centre + (inner - motion.centre) * scale
    ring = np.concatenate((inner, outer[::-1]))
    return shapely.make_valid(shapely.Polygon(ring))


@dataclass(frozen=True)
class Removal:
    """What a motion takes away.

    Args:
        area: Where it removes wood at its lowest height.
        stepdown_mm: How deep below what was gone before.
    """

    area: BaseGeometry
    stepdown_mm: float

    @property
    def is_empty(self) -> bool:
        """Whether nothing was there."""
        return bool(self.area.is_empty)


@dataclass
class Stock:
    """What has been removed so far, by height."""

    _gone: dict[float, BaseGeometry] = field(default_factory=dict)

    def heights_mm(self) -> list[float]:
        """Return the heights at which something was cut, lowest first."""
        return sorted(self._gone)

    def gone_at(self, z_mm: float) -> BaseGeometry:
        """Return the area that is gone at a height."""
        return shapely.union_all(
            [area for height, area in self._gone.items() if height <= z_mm + _SAME_HEIGHT_MM]
        )

    def left_in(self, area: BaseGeometry, z_mm: float) -> BaseGeometry:
        """Return the part of an area where wood is left at a height."""
        for height in self.heights_mm():
            if height > z_mm + _SAME_HEIGHT_MM or area.is_empty:
                break
            area = shapely.difference(area, self._gone[height])
        return area

    def removal(self, motion: Motion, area: BaseGeometry) -> Removal:
        """Return what a motion over an area takes away now."""
        low = motion.lowest_mm
        sliver = SLIVER_MM * area.length / 2
        new = self.left_in(area, low)
        if new.area <= sliver:
            return Removal(shapely.Polygon(), 0.0)
        covered, left = low, new
        for height in self.heights_mm():
            if left.area <= sliver:
                return Removal(new, covered - low)
            if height > low + _SAME_HEIGHT_MM:
                left = shapely.difference(left, self._gone[height])
                covered = height
        return Removal(new, covered - low if left.area <= sliver else -low)

    def cut(self, motion: Motion, area: BaseGeometry) -> None:
        """Take an area away, down to the motion's higher end."""
        height = round(motion.highest_mm / _SAME_HEIGHT_MM) * _SAME_HEIGHT_MM
        if height >= -_SAME_HEIGHT_MM / 2:
            return
        before = self._gone.get(height)
        self._gone[height] = area if before is None else shapely.union(before, area)


def below_surface(motion: Motion) -> Motion | None:
    """Return the part of a motion that runs under the surface, if any."""
    first, last = motion.start[2], motion.end[2]
    if max(first, last) <= 0:
        return motion if min(first, last) < 0 else None
    if min(first, last) >= 0:
        return None
    crossing = first / (first - last)
    return motion.part(0.0, crossing) if first < 0 else motion.part(crossing, 1.0)


def half_turns(motion: Motion) -> list[Motion]:
    """Return a motion in pieces of at most half a turn."""
    count = math.ceil(abs(motion.sweep) / math.pi - 1e-3) or 1
    if count == 1:
        return [motion]
    return [motion.part(index / count, (index + 1) / count) for index in range(count)]
