"""Closed outlines of lines and arcs: offsets, and arcs fitted to what an offset gives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import shapely

from prefect_luthier.errors import LuthierError

Point = tuple[float, float]
Points = npt.NDArray[np.float64]

FIT_MM = 0.002
"""How far a fitted arc may leave the points that it stands for."""

_CHORD_MM = 0.0002
_QUAD_SEGMENTS = 64
_FEWEST_ARC_POINTS = 4
_SHARPEST_ARC_STEP = 0.3


@dataclass(frozen=True)
class Vertex:
    """A corner, and the bulge of the way to the next one.

    Args:
        x: mm.
        y: mm.
        bulge: Tangent of a quarter of the arc's angle, positive to the left; 0 is a line.
    """

    x: float
    y: float
    bulge: float = 0.0


@dataclass(frozen=True)
class Outline:
    """A closed way around an area, counter-clockwise."""

    vertices: tuple[Vertex, ...]

    def points(self) -> Points:
        """Return the outline as a polygon, ``(N, 2) float64, mm``."""
        following = (*self.vertices[1:], self.vertices[0])
        pieces = [_arc_points(a, b) for a, b in zip(self.vertices, following, strict=True)]
        return np.concatenate(pieces)


def circle_outline(radius_mm: float) -> Outline:
    """Return a circle around the origin, in two half turns."""
    return Outline((Vertex(radius_mm, 0.0, 1.0), Vertex(-radius_mm, 0.0, 1.0)))


def sector_outline(inner_mm: float, outer_mm: float, begin: float, angle: float) -> Outline:
    """Return the piece of a ring from an angle on; two arcs and two straight sides."""
    end = begin + angle
    bulge = math.tan(angle / 4)
    return Outline(
        (
            Vertex(inner_mm * math.cos(begin), inner_mm * math.sin(begin)),
            Vertex(outer_mm * math.cos(begin), outer_mm * math.sin(begin), bulge),
            Vertex(outer_mm * math.cos(end), outer_mm * math.sin(end)),
            Vertex(inner_mm * math.cos(end), inner_mm * math.sin(end), -bulge),
        )
    )


def polygon_outline(corners: Sequence[Point]) -> Outline:
    """Return straight lines through corners."""
    return Outline(tuple(Vertex(x, y) for x, y in corners))


def offset(
    outline: Outline, distance_mm: float, *, corners: Literal["round", "mitre"] = "round"
) -> Outline:
    """Return the outline at a distance outside, or inside when it is negative.

    Arcs stay arcs: they are fitted to the result within `FIT_MM`. Corners stay sharp with
    ``mitre``, as a pocket's wall; ``round`` is the way of a tool's centre around them.

    Raises:
        LuthierError: Nothing is left, or it falls into pieces (``no-outline-left``).
    """
    area = shapely.Polygon(outline.points()).buffer(
        distance_mm, quad_segs=_QUAD_SEGMENTS, join_style=corners, mitre_limit=10.0
    )
    if not isinstance(area, shapely.Polygon) or area.is_empty:
        raise LuthierError(
            "no-outline-left",
            f"an outline has no single offset by {distance_mm:g} mm.",
            "Take a thinner tool, or a smaller gap.",
        )
    ring = np.array(shapely.geometry.polygon.orient(area).exterior.coords)[:-1]
    return Outline(fit_arcs(ring))


def fit_arcs(points: Points, tolerance_mm: float = FIT_MM) -> tuple[Vertex, ...]:
    """Return lines and arcs through a closed polygon's points, ``(N, 2)``.

    From a corner on, each arc takes as many points as stay within the tolerance, with the chords
    between them; where not even four do, a line is kept.
    """
    points = _from_a_corner(_simplified(points))
    closed = np.vstack((points, points[:1]))
    vertices: list[Vertex] = []
    index, last = 0, len(points)
    while index < last:
        end, bulge = _longest_arc(closed, index, tolerance_mm)
        vertices.append(Vertex(float(closed[index, 0]), float(closed[index, 1]), bulge))
        index = end
    return tuple(vertices)


def _arc_points(a: Vertex, b: Vertex) -> Points:
    """Return the points from a vertex to the next one, which is left out."""
    if a.bulge == 0:
        return np.array([(a.x, a.y)])
    angle = 4 * math.atan(a.bulge)
    chord = complex(b.x - a.x, b.y - a.y)
    centre = complex(a.x, a.y) + chord * (0.5 + 0.5j / math.tan(angle / 2))
    arm = complex(a.x, a.y) - centre
    step = 2 * math.sqrt(2 * _CHORD_MM / abs(arm))
    count = max(2, math.ceil(abs(angle) / step))
    turned = centre + arm * np.exp(1j * np.linspace(0.0, angle, count, endpoint=False))
    return np.column_stack((turned.real, turned.imag))


def _simplified(points: Points) -> Points:
    """Return the points without those that repeat the one before."""
    distance = np.hypot(*(points - np.roll(points, 1, axis=0)).T)
    kept: Points = points[distance > 1e-6]  # noqa: PLR2004 - far below a program's resolution
    return kept


def _turns(points: Points) -> npt.NDArray[np.float64]:
    """Return by how much the way turns at each point, rad."""
    arriving = points - np.roll(points, 1, axis=0)
    leaving = np.roll(points, -1, axis=0) - points
    cross = arriving[:, 0] * leaving[:, 1] - arriving[:, 1] * leaving[:, 0]
    dot = (arriving * leaving).sum(axis=1)
    turns: Points = np.arctan2(cross, dot)
    return turns


def _from_a_corner(points: Points) -> Points:
    """Return the points in the same order, from the sharpest corner on."""
    return np.roll(points, -int(np.abs(_turns(points)).argmax()), axis=0)


def _longest_arc(closed: Points, start: int, tolerance_mm: float) -> tuple[int, float]:
    """Return the end and the bulge of the longest arc from a point, or of the line to the next."""
    best = (start + 1, 0.0)
    low, high = start + _FEWEST_ARC_POINTS - 1, len(closed) - 1
    reach = low
    while reach <= high:  # gallop, then bisect: offsets have hundreds of points on an arc
        bulge = _arc_bulge(closed[start : reach + 1], tolerance_mm)
        if bulge is None:
            break
        best = (reach, bulge)
        if reach == high:
            return best
        reach = min(high, start + 2 * (reach - start))
    good, bad = best[0], reach
    while best[1] and bad - good > 1:
        middle = (good + bad) // 2
        bulge = _arc_bulge(closed[start : middle + 1], tolerance_mm)
        if bulge is None:
            bad = middle
        else:
            good, best = middle, (middle, bulge)
    return best


def _arc_bulge(points: Points, tolerance_mm: float) -> float | None:
    """Return the bulge of the arc through the first, middle and last point, if it fits all."""
    a, m, b = points[0], points[len(points) // 2], points[-1]
    centre = _centre(a, m, b)
    if centre is None:
        return None
    arms = points - centre
    radius = math.hypot(*arms[0])
    if np.abs(np.hypot(arms[:, 0], arms[:, 1]) - radius).max() > tolerance_mm:
        return None
    angles = np.unwrap(np.arctan2(arms[:, 1], arms[:, 0]))
    steps = np.diff(angles)
    forward = bool((steps > 0).all() or (steps < 0).all())
    sweep = float(angles[-1] - angles[0])
    sagitta = radius * (1 - math.cos(float(np.abs(steps).max()) / 2))
    if not forward or abs(sweep) > math.pi or np.abs(steps).max() > _SHARPEST_ARC_STEP:
        return None
    return math.tan(sweep / 4) if sagitta <= tolerance_mm else None


def _centre(a: Points, m: Points, b: Points) -> Points | None:
    """Return the centre of the circle through three points, or None when they are in line."""
    u, v = m - a, b - a
    cross = 2 * float(u[0] * v[1] - u[1] * v[0])
    if abs(cross) < 1e-9:  # noqa: PLR2004 - a radius of kilometres
        return None
    uu, vv = float(u @ u), float(v @ v)
    return a + np.array([v[1] * uu - u[1] * vv, u[0] * vv - v[0] * uu]) / cross
