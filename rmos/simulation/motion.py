"""One motion as the control would make it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

Point3 = tuple[float, float, float]

CHORD_MM = 0.001
"""Largest distance between an arc and the chords that stand for it."""

_MOST_CHORDS = 20_000
"""Enough for half a turn at a radius of 20 m; wider arcs leave every machine anyway."""


@dataclass(frozen=True)
class Motion:
    """A line or an arc, with the state of the machine during it.

    Args:
        line: The line of the program, from 1.
        rapid: Whether it is travel.
        start: Where it begins, mm.
        end: Where it ends, mm.
        feed_mm_min: Feed along the path; of no meaning for travel.
        spindle_rpm: Speed; negative when it turns backwards, 0 when it stands.
        centre: Of an arc in the plane, or None.
        sweep: Signed angle of an arc, rad; positive is counter-clockwise.
        dwell_s: Wait after it.
    """

    line: int
    rapid: bool
    start: Point3
    end: Point3
    feed_mm_min: float
    spindle_rpm: float
    centre: tuple[float, float] | None = None
    sweep: float = 0.0
    dwell_s: float = 0.0

    @cached_property
    def radius_mm(self) -> float:
        """Radius of an arc, at its start."""
        if self.centre is None:
            return math.inf
        return math.hypot(self.start[0] - self.centre[0], self.start[1] - self.centre[1])

    @cached_property
    def flat_mm(self) -> float:
        """Length in the plane."""
        if self.centre is not None:
            return abs(self.sweep) * self.radius_mm
        return math.hypot(self.end[0] - self.start[0], self.end[1] - self.start[1])

    @property
    def drop_mm(self) -> float:
        """How far it goes down; negative when it goes up."""
        return self.start[2] - self.end[2]

    @cached_property
    def length_mm(self) -> float:
        """Length in space."""
        return math.hypot(self.flat_mm, self.drop_mm)

    @property
    def lowest_mm(self) -> float:
        """Height of its lower end."""
        return min(self.start[2], self.end[2])

    @property
    def highest_mm(self) -> float:
        """Height of its higher end."""
        return max(self.start[2], self.end[2])

    def part(self, begin: float, finish: float) -> Motion:
        """Return the piece between two shares of the way, 0 to 1."""
        return replace(
            self,
            start=self._at(begin),
            end=self._at(finish),
            sweep=self.sweep * (finish - begin),
            dwell_s=self.dwell_s if finish == 1 else 0.0,
        )

    def _at(self, share: float) -> Point3:
        if share in {0.0, 1.0}:
            return self.end if share else self.start
        z = self.start[2] + (self.end[2] - self.start[2]) * share
        if self.centre is None:
            x, y = (a + (b - a) * share for a, b in zip(self.start[:2], self.end[:2], strict=True))
            return x, y, z
        begin = math.atan2(self.start[1] - self.centre[1], self.start[0] - self.centre[0])
        angle = begin + self.sweep * share
        return (
            self.centre[0] + self.radius_mm * math.cos(angle),
            self.centre[1] + self.radius_mm * math.sin(angle),
            z,
        )

    def points(self) -> npt.NDArray[np.float64]:
        """Return the path in the plane as ``(N, 2) float64, mm``, N ≥ 2."""
        if self.centre is None:
            return np.array([self.start[:2], self.end[:2]])
        step = 2 * math.sqrt(2 * CHORD_MM / max(self.radius_mm, CHORD_MM))
        count = min(max(2, math.ceil(abs(self.sweep) / step) + 1), _MOST_CHORDS)
        begin = math.atan2(self.start[1] - self.centre[1], self.start[0] - self.centre[0])
        angles = begin + np.linspace(0.0, self.sweep, count)
        final = math.hypot(self.end[0] - self.centre[0], self.end[1] - self.centre[1])
        radii = np.linspace(self.radius_mm, final, count)
        return np.column_stack(
            (self.centre[0] + radii * np.cos(angles), self.centre[1] + radii * np.sin(angles))
        )
