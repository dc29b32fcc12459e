"""How long a program takes on a machine that has to accelerate.

GRBL's planner in closed form: a trapezoid of speed over every motion, with the speed at each
junction limited by junction deviation, and a pass backwards and forwards so that the machine can
always stop. Arcs hold at most the speed at which the acceleration keeps them round.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from prefect_luthier.rmos.library.model import Machine
from prefect_luthier.rmos.simulation.motion import Motion

_Vector = tuple[float, float, float]
_LEAST_MM = 1e-9


def run_time_s(motions: Sequence[Motion], machine: Machine) -> float:
    """Return the time of all motions and dwells, s."""
    moving = [motion for motion in motions if motion.length_mm > _LEAST_MM]
    cruise = [_cruise_mm_s(motion, machine) for motion in moving]
    accelerations = [_acceleration_mm_s2(motion, machine) for motion in moving]
    entry = _entry_speeds(moving, cruise, accelerations, machine)
    time_s = sum(motion.dwell_s for motion in motions)
    for index, motion in enumerate(moving):
        time_s += _trapezoid_s(
            motion.length_mm, entry[index], cruise[index], entry[index + 1], accelerations[index]
        )
    return time_s


def _entry_speeds(
    moving: Sequence[Motion], cruise: list[float], accelerations: list[float], machine: Machine
) -> list[float]:
    """Return the speed at the start of each motion, and at the end of the last one, mm/s."""
    speeds = [0.0] * (len(moving) + 1)
    for index in range(1, len(moving)):
        before, after = moving[index - 1], moving[index]
        if before.dwell_s == 0:
            speeds[index] = min(
                cruise[index - 1],
                cruise[index],
                _junction_mm_s(
                    _direction(before, at_end=True),
                    _direction(after, at_end=False),
                    min(accelerations[index - 1], accelerations[index]),
                    machine.junction_deviation_mm,
                ),
            )
    for index in range(len(moving) - 1, -1, -1):
        speeds[index] = min(speeds[index], _reachable(speeds, moving, accelerations, index, 1))
    for index in range(len(moving)):
        speeds[index + 1] = min(
            speeds[index + 1], _reachable(speeds, moving, accelerations, index, 0)
        )
    return speeds


def _reachable(
    speeds: list[float],
    moving: Sequence[Motion],
    accelerations: list[float],
    index: int,
    other: int,
) -> float:
    """Return the speed at one end of a motion that the speed at its other end permits."""
    return math.sqrt(
        speeds[index + other] ** 2 + 2 * accelerations[index] * moving[index].length_mm
    )


def _junction_mm_s(a: _Vector, b: _Vector, acceleration: float, deviation_mm: float) -> float:
    cosine = -sum(x * y for x, y in zip(a, b, strict=True))
    if cosine > 1 - 1e-6:
        return 0.0
    half_sine = math.sqrt((1 - max(cosine, -1.0)) / 2)
    if half_sine > 1 - 1e-9:
        return math.inf
    return math.sqrt(acceleration * deviation_mm * half_sine / (1 - half_sine))


def _cruise_mm_s(motion: Motion, machine: Machine) -> float:
    flat, drop = motion.flat_mm / motion.length_mm, abs(motion.drop_mm) / motion.length_mm
    limits = [math.inf if motion.rapid else motion.feed_mm_min]
    if flat > _LEAST_MM:
        limits.append(machine.max_feed_mm_min / flat)
    if drop > _LEAST_MM:
        limits.append(machine.max_plunge_mm_min / drop)
    if motion.centre is not None:
        limits.append(60 * math.sqrt(machine.acceleration_mm_s2 * motion.radius_mm))
    return max(min(limits), _LEAST_MM) / 60


def _acceleration_mm_s2(motion: Motion, machine: Machine) -> float:
    flat, drop = motion.flat_mm / motion.length_mm, abs(motion.drop_mm) / motion.length_mm
    limits = [machine.acceleration_mm_s2 / flat] if flat > _LEAST_MM else []
    if drop > _LEAST_MM:
        limits.append(machine.z_acceleration_mm_s2 / drop)
    return min(limits)


def _direction(motion: Motion, *, at_end: bool) -> _Vector:
    length = motion.length_mm
    rise = -motion.drop_mm / length
    if motion.centre is None:
        return (
            (motion.end[0] - motion.start[0]) / length,
            (motion.end[1] - motion.start[1]) / length,
            rise,
        )
    point = motion.end if at_end else motion.start
    dx, dy = point[0] - motion.centre[0], point[1] - motion.centre[1]
    share = motion.flat_mm / length / (math.hypot(dx, dy) or 1.0)
    sign = 1 if motion.sweep > 0 else -1
    return -sign * dy * share, sign * dx * share, rise


def _trapezoid_s(
    length_mm: float, entry: float, cruise: float, leave: float, acceleration: float
) -> float:
    ramps_mm = (2 * cruise**2 - entry**2 - leave**2) / (2 * acceleration)
    if ramps_mm <= length_mm:
        return (2 * cruise - entry - leave) / acceleration + (length_mm - ramps_mm) / cruise
    peak = math.sqrt(max(acceleration * length_mm + (entry**2 + leave**2) / 2, 0.0))
    peak = max(peak, entry, leave)
    return (2 * peak - entry - leave) / acceleration
