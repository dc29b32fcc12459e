"""The formulas that the engine uses are the geometry that they stand for."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from prefect_luthier.rmos.design.spec import Ring, RosetteSpec
from prefect_luthier.rmos.feasibility.constraints import inlay
from prefect_luthier.rmos.feasibility.frame import Frame
from prefect_luthier.rmos.feasibility.spec_batch import SpecBatch
from prefect_luthier.rmos.feasibility.thresholds import load_thresholds
from prefect_luthier.rmos.geometry.radii import channels, outer_diameter_mm, ring_places

THRESHOLDS = load_thresholds()


def length(least: float, most: float) -> st.SearchStrategy[float]:
    return st.floats(least, most, allow_nan=False)


@st.composite
def specs(draw):
    ring = st.builds(
        Ring,
        width_mm=length(0.2, 25),
        land_after_mm=st.one_of(st.just(0.0), length(1.0, 8)),
        pattern=st.just("tiles"),
        tile_length_mm=length(1, 15),
        material=st.just("ebony"),
    )
    return RosetteSpec(
        soundhole_diameter_mm=draw(length(60, 150)),
        edge_land_mm=draw(st.one_of(st.just(0.0), length(2, 10))),
        channel_depth_mm=1.5,
        inlay_thickness_mm=1.7,
        glue_gap_mm=draw(length(0, 0.15)),
        depth_per_pass_mm=0.7,
        rings=tuple(draw(st.lists(ring, min_size=1, max_size=6))),
    )


def frame_of(spec: RosetteSpec) -> Frame:
    """Return the frame of one design; the context takes no part in the geometry of rings."""
    return Frame(SpecBatch.of([spec]), None)  # type: ignore[arg-type]


def straight_tiles(inner_mm: float, width_mm: float, count: int) -> np.ndarray:
    """Return the outlines of straight tiles whose inner corners touch: (count,) polygons."""
    half = inner_mm * np.tan(np.pi / count)
    outer_mm = inner_mm + width_mm
    corners = np.array([[inner_mm, -half], [outer_mm, -half], [outer_mm, half], [inner_mm, half]])
    angles = 2 * np.pi * np.arange(count) / count
    turn = np.array([[np.cos(angles), -np.sin(angles)], [np.sin(angles), np.cos(angles)]])
    return shapely.polygons(np.einsum("ijk,lj->kli", turn, corners))


@settings(max_examples=60, deadline=None)
@given(radius=length(20, 150), width=length(0.2, 25), count=st.integers(5, 400))
def test_the_wedge_gap_is_that_of_true_tiles(radius, width, count) -> None:
    """The outer corners of two neighbouring straight tiles lie 2 w sin(π / n) apart."""
    first, second = straight_tiles(radius, width, count)[:2]
    corner = shapely.get_point(shapely.get_exterior_ring(first), 2)
    other = shapely.get_point(shapely.get_exterior_ring(second), 1)
    assert shapely.distance(corner, other) == pytest.approx(2 * width * np.sin(np.pi / count))
    assert shapely.area(shapely.intersection(first, second)) == pytest.approx(0, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(spec=specs())
def test_the_engine_measures_the_wedge_gap(spec) -> None:
    """What the constraint measures is the distance between the corners of tiles in the ring."""
    frame = frame_of(spec)
    measured = inlay.tile_wedge(frame, THRESHOLDS["tile_wedge"]).value[0]
    for place, ring in zip(ring_places(spec), spec.rings, strict=True):
        count = max(round(2 * np.pi * place.middle_mm / ring.tile_length_mm), 3)
        first, second = straight_tiles(place.inner_mm, ring.width_mm, count)[:2]
        corner = shapely.get_point(shapely.get_exterior_ring(first), 2)
        other = shapely.get_point(shapely.get_exterior_ring(second), 1)
        assert measured[place.index] == pytest.approx(shapely.distance(corner, other), rel=1e-6)


@settings(max_examples=60, deadline=None)
@given(spec=specs())
def test_the_arrays_hold_the_radii_of_the_rings(spec) -> None:
    """Radii of rings and channels in a batch are those of the design, ring by ring."""
    frame = frame_of(spec)
    places = ring_places(spec)
    assert frame.inner_mm[0] == pytest.approx([place.inner_mm for place in places])
    assert frame.outer_mm[0] == pytest.approx([place.outer_mm for place in places])
    assert frame.middle_mm[0] == pytest.approx([place.middle_mm for place in places])
    assert 2 * frame.rosette_mm[0] == pytest.approx(outer_diameter_mm(spec))
    ends = np.flatnonzero(frame.ends_channel[0])
    cut = channels(spec)
    assert ends.tolist() == [channel.rings[-1] for channel in cut]
    assert frame.channel_width_mm[0, ends] == pytest.approx([each.width_mm for each in cut])
    assert frame.channel_inner_mm[0, ends] == pytest.approx([each.inner_mm for each in cut])


@settings(max_examples=30, deadline=None)
@given(spec=specs())
def test_channels_are_the_union_of_their_rings(spec) -> None:
    """A channel is its rings grown by the glue gap; an edge-bound one stops at the hole."""
    origin = shapely.Point(0, 0)

    def disc(radius: float) -> shapely.Polygon:
        return shapely.buffer(origin, radius, quad_segs=256)

    hole = disc(spec.soundhole_diameter_mm / 2)
    places = ring_places(spec)
    for channel in channels(spec):
        rings = shapely.union_all(
            [
                shapely.difference(disc(places[each].outer_mm), disc(places[each].inner_mm))
                for each in channel.rings
            ]
        )
        grown = shapely.difference(shapely.buffer(rings, spec.glue_gap_mm, quad_segs=64), hole)
        cut = shapely.difference(disc(channel.outer_mm), disc(channel.inner_mm))
        missed = shapely.area(shapely.symmetric_difference(grown, cut))
        assert missed <= 0.002 * cut.area + 0.01


@settings(max_examples=30, deadline=None)
@given(spec=specs())
def test_rings_overlap_nothing(spec) -> None:
    """Rings built from widths and lands lie beside each other and outside the soundhole."""
    edges = [spec.soundhole_diameter_mm / 2]
    for place in ring_places(spec):
        assert place.inner_mm >= edges[-1] - 1e-9
        assert place.outer_mm > place.inner_mm
        edges.append(place.outer_mm)
