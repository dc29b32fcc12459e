"""How a control turns the words of G2 and G3 into an arc, and when it refuses."""

from __future__ import annotations

import math

Point = tuple[float, float]

_SAME_POINT_MM = 5e-5
_ABSOLUTE_LIMIT_MM = 0.5
_SMALL_LIMIT_MM = 0.005
_RELATIVE_LIMIT = 0.001


class BadArc(ValueError):
    """The control would stop here."""


def centre_of_radius(start: Point, end: Point, radius_mm: float, *, clockwise: bool) -> Point:
    """Return the centre of an arc in the R form; a negative radius takes the longer way.

    Raises:
        BadArc: The ends are the same, or too far apart.
    """
    dx, dy = end[0] - start[0], end[1] - start[1]
    chord = math.hypot(dx, dy)
    if chord < _SAME_POINT_MM:
        raise BadArc("an arc with R needs another end than its start")
    square = radius_mm**2 - chord**2 / 4
    if square < -_SMALL_LIMIT_MM * abs(radius_mm):
        raise BadArc(f"no arc of radius {radius_mm:g} mm joins points {chord:.4f} mm apart")
    height = math.sqrt(max(0.0, square))
    if clockwise != (radius_mm < 0):
        height = -height
    return (
        (start[0] + end[0]) / 2 - dy / chord * height,
        (start[1] + end[1]) / 2 + dx / chord * height,
    )


def arc_error_mm(start: Point, end: Point, centre: Point) -> float:
    """Return by how much the radii at both ends differ.

    Raises:
        BadArc: By more than 0.5 mm, or by more than 0.005 mm and 0.1 % of the radius. That is
            GRBL's error 33, and LinuxCNC's rule too.
    """
    first = math.hypot(start[0] - centre[0], start[1] - centre[1])
    second = math.hypot(end[0] - centre[0], end[1] - centre[1])
    error = abs(first - second)
    if first < _SAME_POINT_MM:
        raise BadArc("an arc needs a radius: its centre is its start")
    if error > _ABSOLUTE_LIMIT_MM or error > max(_SMALL_LIMIT_MM, _RELATIVE_LIMIT * first):
        raise BadArc(f"the radius is {first:.4f} mm at the start and {second:.4f} mm at the end")
    return error


def sweep_of(start: Point, end: Point, centre: Point, *, clockwise: bool) -> float:
    """Return the signed angle; an end at the start is a full turn."""
    if math.dist(start, end) < _SAME_POINT_MM:
        return -math.tau if clockwise else math.tau
    begin = math.atan2(start[1] - centre[1], start[0] - centre[0])
    finish = math.atan2(end[1] - centre[1], end[0] - centre[0])
    sweep = (finish - begin) % math.tau
    return sweep - math.tau if clockwise else sweep
