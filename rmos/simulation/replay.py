"""Replays motions through the wood and notes what each of them does."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.simulation.motion import Motion
from prefect_luthier.rmos.simulation.report import Finding, FindingCode
from prefect_luthier.rmos.simulation.stock import (
    Stock,
    below_surface,
    half_turns,
    right_half,
    swept_area,
)

SAFE_HEIGHT_MM = 1.0
"""Travel in the plane lower than this is a finding."""

_FEED_SLACK_MM_MIN = 0.5
_SPEED_SLACK = 0.01
_STEEPEST = 0.6
_STEPDOWN_SLACK_MM = 0.01
_SHRINK_MM = 0.005
_LEAST_AREA_MM2 = 0.01
_WITHOUT_WAY_MM = 0.001


@dataclass
class Replay:
    """What the motions did.

    Args:
        context: Tool, machine, speeds.
        per_pass_mm: Largest depth of one pass.
        stock: The wood.
        touched: Lowest height and area of what was cut, beside what the stock keeps.
    """

    context: Context
    per_pass_mm: float
    stock: Stock = field(default_factory=Stock)
    findings: list[Finding] = field(default_factory=list)
    touched: list[tuple[float, BaseGeometry]] = field(default_factory=list)
    cutting_mm: float = 0.0
    length_mm: float = 0.0
    rapid_mm: float = 0.0
    arc_mm: float = 0.0
    retracts: int = 0
    max_stepdown_mm: float = 0.0
    feed_max_mm_min: float = 0.0
    engagements: list[tuple[float, float]] = field(default_factory=list)
    sides: list[tuple[Motion, float, float]] = field(default_factory=list)

    def run(self, motions: list[Motion]) -> None:
        """Replay all motions."""
        lowest = min((motion.lowest_mm for motion in motions), default=0.0)
        for motion in motions:
            self._inside_z_travel(motion, lowest)
            if not self._is_inside_machine(motion):
                continue  # the machine stops there, or runs against its ends
            if motion.rapid:
                self._travel(motion)
            else:
                self._feed(motion)

    def _find(self, code: FindingCode, motion: Motion, message: str) -> None:
        finding = Finding(code=code, line=motion.line, message=message)
        if finding not in self.findings:
            self.findings.append(finding)

    @property
    def _radius_mm(self) -> float:
        return self.context.tool.diameter_mm / 2

    def _is_inside_machine(self, motion: Motion) -> bool:
        travel = self.context.machine.travel_mm
        reach = np.abs(motion.points()).max(axis=0)
        outside = [
            f"{axis} {far:.3f} mm from the centre of {limit:g} mm"
            for axis, limit, far in zip("XY", travel, reach, strict=False)
            if far > limit / 2
        ]
        for message in outside:
            self._find("OUT_OF_MACHINE", motion, message)
        return not outside

    def _inside_z_travel(self, motion: Motion, lowest_mm: float) -> None:
        rise, travel = motion.highest_mm - lowest_mm, self.context.machine.travel_mm[2]
        if rise > travel:
            self._find(
                "OUT_OF_MACHINE", motion, f"Z rises {rise:.3f} mm; the travel is {travel:g} mm"
            )

    def _travel(self, motion: Motion) -> None:
        self.rapid_mm += motion.length_mm
        if motion.lowest_mm < SAFE_HEIGHT_MM <= motion.highest_mm and motion.drop_mm < 0:
            self.retracts += 1
        under = below_surface(motion)
        if under is None:
            if motion.flat_mm > 0 and motion.lowest_mm < SAFE_HEIGHT_MM - 1e-9:
                self._find("CLEARANCE", motion, f"travel {motion.lowest_mm:.3f} mm over the wood")
            return
        area = swept_area(under, max(self._radius_mm - _SHRINK_MM, _SHRINK_MM))
        left = self.stock.left_in(area, under.lowest_mm)
        if left.area > _LEAST_AREA_MM2:
            self._find("RAPID_IN_STOCK", motion, f"travel through {left.area:.2f} mm² of wood")
            self.touched.append((under.lowest_mm, swept_area(under, self._radius_mm)))

    def _feed(self, motion: Motion) -> None:
        self.length_mm += motion.length_mm
        self.arc_mm += motion.length_mm if motion.centre is not None else 0.0
        self.feed_max_mm_min = max(self.feed_max_mm_min, motion.feed_mm_min)
        self._feed_limits(motion)
        under = below_surface(motion)
        if under is None:
            return
        for piece in half_turns(under):
            self._cut(piece)

    def _feed_limits(self, motion: Motion) -> None:
        context, machine = self.context, self.context.machine
        limit = min(context.feed_mm_min, machine.max_feed_mm_min)
        if motion.feed_mm_min > limit + _FEED_SLACK_MM_MIN:
            self._find("FEED", motion, f"{motion.feed_mm_min:g} mm/min; {limit:g} are allowed")
        down = motion.feed_mm_min * motion.drop_mm / max(motion.length_mm, _WITHOUT_WAY_MM)
        limit = min(context.plunge_mm_min, machine.max_plunge_mm_min)
        if down > limit + _FEED_SLACK_MM_MIN:
            self._find("PLUNGE", motion, f"{down:.0f} mm/min downwards; {limit:g} are allowed")

    def _cut(self, motion: Motion) -> None:
        area = swept_area(motion, self._radius_mm)
        removal = self.stock.removal(motion, area)
        if motion.lowest_mm < motion.highest_mm:
            self.touched.append((motion.lowest_mm, area))  # below what the stock keeps of it
        if not removal.is_empty:
            self.cutting_mm += motion.length_mm
            self._spindle(motion)
            self._entry(motion)
            self._stepdown(motion, removal.stepdown_mm)
            self._engagement(motion, removal.area)
        self.stock.cut(motion, area)

    def _spindle(self, motion: Motion) -> None:
        rpm, wanted = motion.spindle_rpm, self.context.spindle_rpm
        machine = self.context.machine
        if rpm <= 0:
            self._find(
                "SPINDLE",
                motion,
                "cuts while the spindle stands"
                if rpm == 0
                else "cuts while the spindle turns backwards",
            )
        elif not machine.spindle_min_rpm <= rpm <= machine.spindle_max_rpm:
            self._find("SPINDLE", motion, f"S{rpm:g} is outside the machine's range")
        elif abs(rpm - wanted) > _SPEED_SLACK * wanted:
            self._find("SPINDLE", motion, f"S{rpm:g}; the context says {wanted:g}")

    def _entry(self, motion: Motion) -> None:
        if motion.drop_mm > _STEEPEST * motion.flat_mm and motion.drop_mm > _WITHOUT_WAY_MM:
            self._find("STRAIGHT_PLUNGE", motion, f"{motion.drop_mm:.3f} mm down into the wood")

    def _stepdown(self, motion: Motion, stepdown_mm: float) -> None:
        self.max_stepdown_mm = max(self.max_stepdown_mm, stepdown_mm)
        if stepdown_mm > self.per_pass_mm + _STEPDOWN_SLACK_MM:
            self._find(
                "STEPDOWN",
                motion,
                f"cuts {stepdown_mm:.3f} mm at once; {self.per_pass_mm:g} are allowed",
            )

    def _engagement(self, motion: Motion, removed: BaseGeometry) -> None:
        if motion.flat_mm <= _WITHOUT_WAY_MM:
            return
        width = removed.area / motion.flat_mm
        share = min(1.0, width / self.context.tool.diameter_mm)
        self.engagements.append((share, motion.flat_mm))
        if motion.centre is not None and motion.flat_mm > 2 * self.context.tool.diameter_mm:
            right = shapely.intersection(removed, right_half(motion, self._radius_mm)).area
            self.sides.append((motion, right, removed.area))
