"""Constraints of the machine: travel, speeds and acceleration."""

from __future__ import annotations

from prefect_luthier.rmos.feasibility.frame import Frame
from prefect_luthier.rmos.feasibility.measured import Measured
from prefect_luthier.rmos.feasibility.thresholds import Threshold


def plunge_axis(frame: Frame, _: Threshold) -> Measured:
    """Measure F_z, mm/min, against what the Z axis can do."""
    return Measured(frame.context.plunge_mm_min, frame.context.machine.max_plunge_mm_min)


def spindle_slow(frame: Frame, _: Threshold) -> Measured:
    """Measure n, 1/min, against the slowest speed of the spindle."""
    return Measured(frame.context.spindle_rpm, frame.context.machine.spindle_min_rpm)


def spindle_fast(frame: Frame, _: Threshold) -> Measured:
    """Measure n, 1/min, against the fastest speed of the spindle."""
    return Measured(frame.context.spindle_rpm, frame.context.machine.spindle_max_rpm)


def envelope_plane(frame: Frame, threshold: Threshold) -> Measured:
    """Measure the path's size, mm: 2 (R_out + c) - D + 2 clearance, against the shorter travel.

    R_out is the larger of the rings' and the declared one.
    """
    batch, tool = frame.batch, frame.context.tool
    clearance_mm = threshold.constant("room", "clearance_mm")
    declared = batch.outer_mm / 2
    outer = frame.rosette_mm.copy()
    is_larger = declared > outer
    outer[is_larger] = declared[is_larger]
    path_mm = 2 * (outer + batch.gap_mm) - tool.diameter_mm + 2 * clearance_mm
    return Measured(path_mm, min(frame.context.machine.travel_mm[:2]))


def envelope_height(frame: Frame, threshold: Threshold) -> Measured:
    """Measure d + clearance above the board, mm, against the travel in Z."""
    room_mm = threshold.constant("room", "clearance_mm")
    return Measured(frame.batch.depth_mm + room_mm, frame.context.machine.travel_mm[2])


def envelope_feed(frame: Frame, _: Threshold) -> Measured:
    """Measure F, mm/min, against what X and Y can do."""
    return Measured(frame.context.feed_mm_min, frame.context.machine.max_feed_mm_min)


def envelope_acceleration(frame: Frame, _: Threshold) -> Measured:
    """Measure v² / r on the innermost circle, mm/s², against the machine's acceleration."""
    radius_mm = frame.channel_inner_mm[:, 0] + frame.context.tool.diameter_mm / 2
    speed_mm_s = frame.context.feed_mm_min / 60
    return Measured(speed_mm_s**2 / radius_mm, frame.context.machine.acceleration_mm_s2)
