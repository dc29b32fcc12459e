"""The wood while it is cut: which area is gone down to which height."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from prefect_luthier.rmos.simulation.motion import Motion

_ROUND_SEGMENTS = 32
_SAME_HEIGHT_MM = 1e-4
_ORIGIN = shapely.Point(0.0, 0.0)

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


@dataclass(frozen=True)
class _Patch:
    """An area, and the distances from the origin between which it lies.

    Channels are rings around the origin: what is cut in one of them never meets the others, and
    these distances tell so at once.
    """

    area: BaseGeometry
    near_mm: float
    far_mm: float

    @classmethod
    def of(cls, area: BaseGeometry) -> _Patch:
        corners = shapely.get_coordinates(area)
        far = float(np.hypot(corners[:, 0], corners[:, 1]).max(initial=0.0))
        return cls(area, area.distance(_ORIGIN), far)

    def may_meet(self, other: _Patch) -> bool:
        return self.near_mm <= other.far_mm and other.near_mm <= self.far_mm

    def less(self, others: list[_Patch]) -> BaseGeometry:
        """Return the area without those of others."""
        area = self.area
        for other in others:
            if self.may_meet(other) and not area.is_empty:
                area = shapely.difference(area, other.area)
        return area


@dataclass
class Stock:
    """What has been removed so far, by height; the patches of a height do not meet."""

    _gone: dict[float, list[_Patch]] = field(default_factory=dict)

    def heights_mm(self) -> list[float]:
        """Return the heights at which something was cut, lowest first."""
        return sorted(self._gone)

    def cut_at(self, height_mm: float) -> list[BaseGeometry]:
        """Return the areas that were cut at one of these heights; they do not meet."""
        return [patch.area for patch in self._gone[height_mm]]

    def gone_at(self, z_mm: float) -> list[BaseGeometry]:
        """Return the areas that are gone at a height; they may overlap."""
        return [patch.area for patch in self._patches_below(z_mm)]

    def left_in(self, area: BaseGeometry, z_mm: float) -> BaseGeometry:
        """Return the part of an area where wood is left at a height."""
        return _Patch.of(area).less(self._patches_below(z_mm))

    def removal(self, motion: Motion, area: BaseGeometry) -> Removal:
        """Return what a motion over an area takes away now."""
        low = motion.lowest_mm
        sliver = SLIVER_MM * area.length / 2
        new = self.left_in(area, low)
        if new.area <= sliver:
            return Removal(shapely.Polygon(), 0.0)
        left = new
        for height in self.heights_mm():
            if height > low + _SAME_HEIGHT_MM:
                left = _Patch.of(left).less(self._gone[height])
                if left.area <= sliver:
                    return Removal(new, height - low)
        return Removal(new, -low)

    def cut(self, motion: Motion, area: BaseGeometry) -> None:
        """Take an area away, down to the motion's higher end."""
        height = round(motion.highest_mm / _SAME_HEIGHT_MM) * _SAME_HEIGHT_MM
        if height >= -_SAME_HEIGHT_MM / 2:
            return
        patch = _Patch.of(area)
        before = self._gone.get(height, [])
        met = [each for each in before if each.may_meet(patch)]
        joined = _Patch(
            shapely.union_all([patch.area, *(each.area for each in met)]),
            min(each.near_mm for each in (patch, *met)),
            max(each.far_mm for each in (patch, *met)),
        )
        self._gone[height] = [*(each for each in before if not each.may_meet(patch)), joined]

    def _patches_below(self, z_mm: float) -> list[_Patch]:
        return [
            patch
            for height in self.heights_mm()
            if height <= z_mm + _SAME_HEIGHT_MM
            for patch in self._gone[height]
        ]


def parts_outside(
    areas: Iterable[BaseGeometry], covers: Iterable[BaseGeometry]
) -> list[BaseGeometry]:
    """Return what of each area lies in none of the covers."""
    patches = [_Patch.of(cover) for cover in covers]
    return [_Patch.of(area).less(patches) for area in areas]


def total_mm2(areas: Iterable[BaseGeometry]) -> float:
    """Return the sum of areas, mm²."""
    return float(sum(area.area for area in areas))


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
