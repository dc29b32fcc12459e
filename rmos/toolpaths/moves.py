"""The planner's moves, and the arcs that join circles without leaving the stock."""

from __future__ import annotations

import math
from dataclasses import dataclass

Point = tuple[float, float]


@dataclass(frozen=True)
class Rapid:
    """Travel; an axis that is None stays."""

    x: float | None = None
    y: float | None = None
    z: float | None = None


@dataclass(frozen=True)
class Line:
    """A straight feed move to a point."""

    x: float
    y: float
    z: float
    feed_mm_min: float


@dataclass(frozen=True)
class Arc:
    """A feed move along a circle around ``centre``; with another ``z`` at its end, a helix."""

    x: float
    y: float
    z: float
    centre: Point
    turn: int
    feed_mm_min: float


Move = Rapid | Line | Arc

_LONGEST_SWEEP = math.pi
"""No arc sweeps more than half a turn: firmware leaves out some full circles, because rounding
can make their sweep zero (github.com/gnea/grbl/issues/743, github.com/grbl/grbl/issues/495)."""


def polar(radius_mm: float, angle: float) -> Point:
    """Return the point at an angle on a circle around the origin."""
    return radius_mm * math.cos(angle), radius_mm * math.sin(angle)


def turn_around(
    radius_mm: float, start: float, sweep: float, z: tuple[float, float], feed_mm_min: float
) -> list[Arc]:
    """Return arcs around the origin, none of them longer than half a turn.

    Args:
        radius_mm: Radius.
        start: Angle at the start, rad.
        sweep: Signed angle to go, rad; positive is counter-clockwise.
        z: Height at the start and at the end.
        feed_mm_min: Feed along the path.
    """
    pieces = max(1, math.ceil(abs(sweep) / _LONGEST_SWEEP - 1e-9))
    arcs: list[Arc] = []
    for piece in range(1, pieces + 1):
        share = piece / pieces
        x, y = polar(radius_mm, start + sweep * share)
        height = z[0] + (z[1] - z[0]) * share
        arcs.append(Arc(x, y, height, (0.0, 0.0), 1 if sweep > 0 else -1, feed_mm_min))
    return arcs


_LEAD_PER_STEP = 3.0
_SHORTEST_ARC_LINK_MM = 0.05
"""Below this a link is a straight line: rounding would bend so small an arc."""


def step_over(
    radii_mm: tuple[float, float], angle: float, turn: int, z: float, feed_mm_min: float
) -> tuple[list[Move], float]:
    """Return the way from a circle to another one in the same direction, and its end's angle.

    Two arcs, tangent to both circles and to each other, that lie between the circles.
    """
    first, second = radii_mm
    lead = _LEAD_PER_STEP * abs(second - first)
    end = angle + turn * min(lead / ((first + second) / 2), math.pi / 2)
    if abs(second - first) < _SHORTEST_ARC_LINK_MM:
        return [Line(*polar(second, angle), z, feed_mm_min)], angle
    a, b = polar(first, angle), polar(second, end)
    a_way, b_way = _tangent(angle, turn), _tangent(end, turn)
    middle = _biarc_joint(a, a_way, b, b_way)
    return [
        _tangent_arc(a, a_way, middle, z, feed_mm_min),
        _arc_to_tangent(middle, b, b_way, z, feed_mm_min),
    ], end


def turn_back(
    radii_mm: tuple[float, float], angle: float, turn: int, z: float, feed_mm_min: float
) -> list[Move]:
    """Return the way from a circle to another one in the opposite direction, at the same angle.

    A half circle, tangent to both, that lies between them.
    """
    first, second = radii_mm
    end = polar(second, angle)
    if abs(second - first) < _SHORTEST_ARC_LINK_MM:
        return [Line(*end, z, feed_mm_min)]
    bend = turn if second < first else -turn
    return [Arc(*end, z, polar((first + second) / 2, angle), bend, feed_mm_min)]


def _tangent(angle: float, turn: int) -> Point:
    return -turn * math.sin(angle), turn * math.cos(angle)


def _biarc_joint(a: Point, a_way: Point, b: Point, b_way: Point) -> Point:
    """Return where the two arcs of a biarc with equal tangent lengths meet."""
    chord = (b[0] - a[0], b[1] - a[1])
    along = chord[0] * (a_way[0] + b_way[0]) + chord[1] * (a_way[1] + b_way[1])
    square = chord[0] ** 2 + chord[1] ** 2
    bend = 2 * (1 - (a_way[0] * b_way[0] + a_way[1] * b_way[1]))
    # The positive root of bend·d² + 2·along·d - square = 0, in the form that is stable for bend→0.
    length = square / (along + math.sqrt(along**2 + bend * square))
    return (
        (a[0] + b[0] + length * (a_way[0] - b_way[0])) / 2,
        (a[1] + b[1] + length * (a_way[1] - b_way[1])) / 2,
    )


def _tangent_arc(start: Point, way: Point, end: Point, z: float, feed_mm_min: float) -> Arc:
    """Return the arc to a point that leaves its start along the unit vector ``way``."""
    chord = (end[0] - start[0], end[1] - start[1])
    across = way[0] * chord[1] - way[1] * chord[0]
    radius = (chord[0] ** 2 + chord[1] ** 2) / (2 * across)
    centre = (start[0] - way[1] * radius, start[1] + way[0] * radius)
    return Arc(*end, z, centre, 1 if across > 0 else -1, feed_mm_min)


def _arc_to_tangent(start: Point, end: Point, way: Point, z: float, feed_mm_min: float) -> Arc:
    """Return the arc to a point that arrives there along the unit vector ``way``."""
    reverse = _tangent_arc(end, (-way[0], -way[1]), start, z, feed_mm_min)
    return Arc(*end, z, reverse.centre, -reverse.turn, feed_mm_min)
