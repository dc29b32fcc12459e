"""Offsets of outlines, with arcs fitted to them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from prefect_luthier.errors import LuthierError
from prefect_luthier.rmos.design.spec import Ring, RosetteSpec
from prefect_luthier.rmos.making.inlay import female_outlines, male_outlines
from prefect_luthier.rmos.making.outline import (
    Outline,
    circle_outline,
    fit_arcs,
    offset,
    polygon_outline,
    sector_outline,
)


def area(outline: Outline) -> shapely.Polygon:
    return shapely.Polygon(outline.points())


def test_a_circle_is_two_half_turns():
    """Its points lie on the circle, its area is that of the disc."""
    points = circle_outline(30).points()
    assert np.hypot(points[:, 0], points[:, 1]) == pytest.approx(30)
    assert area(circle_outline(30)).area == pytest.approx(math.pi * 900, rel=1e-4)


def test_the_offset_of_a_circle_is_a_circle_of_two_arcs():
    """An offset circle has no more vertices than it needs."""
    outline = offset(circle_outline(30), 0.8)
    assert len(outline.vertices) <= 4
    points = outline.points()
    assert np.hypot(points[:, 0], points[:, 1]) == pytest.approx(30.8, abs=0.003)


def test_a_rectangle_keeps_its_lines_and_gets_round_corners():
    """Four lines and four quarter turns; with mitred corners four lines alone."""
    rectangle = polygon_outline([(0, 0), (10, 0), (10, 5), (0, 5)])
    rounded = offset(rectangle, 1.0)
    arcs = [vertex.bulge for vertex in rounded.vertices if vertex.bulge]
    assert sum(4 * math.atan(bulge) for bulge in arcs) == pytest.approx(2 * math.pi, rel=1e-2)
    assert area(rounded).area == pytest.approx(50 + 30 + math.pi, rel=1e-3)
    mitred = offset(rectangle, 1.0, corners="mitre")
    assert [vertex.bulge for vertex in mitred.vertices] == [0, 0, 0, 0]
    assert area(mitred).area == pytest.approx(12 * 7)


@settings(deadline=None, max_examples=30)
@given(
    inner=st.floats(20, 60),
    width=st.floats(3, 12),
    angle=st.floats(0.3, 1.5),
    distance=st.sampled_from([-0.4, 0.05, 0.8, 1.5875]),
)
def test_arcs_follow_the_exact_offset(inner, width, angle, distance):
    """A sector's fitted offset never leaves the exact one by more than a hundredth."""
    sector = sector_outline(inner, inner + width, 0.2, angle)
    fitted = offset(sector, distance)
    exact = area(sector).buffer(distance, quad_segs=200)
    assert area(fitted).hausdorff_distance(exact) < 0.01
    assert len(fitted.vertices) < 40


def test_an_offset_that_leaves_nothing_is_an_error():
    """An outline cannot shrink by more than its half width."""
    with pytest.raises(LuthierError, match="offset"):
        offset(sector_outline(50, 51, 0, 0.5), -2)


def test_straight_points_stay_straight():
    """No arc is fitted to a polygon's corners."""
    star = np.array(
        [
            (math.cos(a) * r, math.sin(a) * r)
            for a, r in zip(np.arange(10) * math.pi / 5, [10, 4] * 5, strict=True)
        ]
    )
    assert all(vertex.bulge == 0 for vertex in fit_arcs(star))


def design(ring: Ring) -> RosetteSpec:
    return RosetteSpec(
        soundhole_diameter_mm=100,
        channel_depth_mm=1.5,
        inlay_thickness_mm=1.7,
        glue_gap_mm=0.05,
        depth_per_pass_mm=0.75,
        rings=(ring,),
    )


@pytest.mark.parametrize("pattern", ["line", "solid", "shell", "tiles", "mosaic"])
@pytest.mark.parametrize("tapered", [True, False])
def test_the_inlay_fits_its_pocket_with_the_glue_gap(pattern, tapered):
    """All pieces lie in the pocket, at the gap from its walls, and do not overlap each other."""
    ring = Ring(width_mm=4, pattern=pattern, tile_length_mm=5, tile_tapered=tapered, material="koa")
    spec = design(ring)
    inner, outer = (area(each.outline) for each in female_outlines(spec))
    pocket = outer.difference(inner)
    pieces = [area(e.outline) for e in male_outlines(spec, 1.0) if e.role == "male"]
    if pattern in {"line", "solid"}:
        pieces = [pieces[1].difference(pieces[0])]
    whole = shapely.union_all(pieces)
    assert sum(piece.area for piece in pieces) == pytest.approx(whole.area, rel=1e-3)
    slack = 0.001  # outlines are chords here
    assert pocket.buffer(-0.05 + slack).covers(whole.buffer(-slack))
    assert outer.exterior.distance(whole) == pytest.approx(0.05, abs=0.02)


def test_milled_pieces_have_a_way_for_the_tool():
    """The tool's centre runs half its diameter outside each piece; tiles and strips have none."""
    spec = design(Ring(width_mm=4, pattern="shell", material="paua"))
    outlines = male_outlines(spec, 1.0)
    pieces = [area(each.outline) for each in outlines if each.role == "male"]
    ways = [area(each.outline) for each in outlines if each.role == "male-cut"]
    assert len(pieces) == len(ways)
    for piece, way in zip(pieces, ways, strict=True):
        assert way.exterior.distance(piece) == pytest.approx(0.5, abs=0.005)
    for ring in (
        Ring(width_mm=0.5, material="ebony"),
        Ring(width_mm=4, pattern="tiles", tile_length_mm=3, material="koa"),
    ):
        assert {each.role for each in male_outlines(design(ring), 1.0)} == {"male"}
