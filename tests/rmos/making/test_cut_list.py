"""Parts, stock and waste."""

from __future__ import annotations

import csv
import io
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_luthier.rmos.design.spec import Ring, RosetteSpec
from prefect_luthier.rmos.making.bill import BillLine, bill_of_materials
from prefect_luthier.rmos.making.cut_list import Part, Stock, cut_list
from prefect_luthier.rmos.making.table import csv_table


def design(*rings: Ring, hole: float = 100.0) -> RosetteSpec:
    return RosetteSpec(
        soundhole_diameter_mm=hole,
        channel_depth_mm=1.5,
        inlay_thickness_mm=1.7,
        depth_per_pass_mm=0.75,
        rings=rings,
    )


def test_tiles_have_the_whole_number_nearest_to_their_pitch():
    """At radius 57 mm tiles of 3 mm are 119, and their exact pitch closes the ring."""
    ring = Ring(width_mm=4, pattern="tiles", tile_length_mm=3, tile_tapered=True, material="koa")
    (part,) = cut_list(design(ring))
    assert part.kind == "tile"
    assert part.count == 119
    assert part.pitch_mm * part.count == pytest.approx(2 * math.pi * 57, abs=0.01)
    assert part.taper_deg * part.count == pytest.approx(360, abs=0.01)
    assert part.joint_mm == 0
    assert part.length_mm > part.pitch_mm > part.inner_length_mm


def test_straight_tiles_leave_a_joint_outside():
    """Tiles that are no wedges meet at the inner edge, and the gap outside is 2π w / n."""
    ring = Ring(width_mm=4, pattern="mosaic", tile_length_mm=3, material="koa")
    (part,) = cut_list(design(ring))
    assert part.length_mm == part.inner_length_mm
    assert part.joint_mm == pytest.approx(2 * math.pi * 4 / part.count, rel=0.01)
    assert part.width_mm == pytest.approx(4 - part.length_mm**2 / 8 / 59, abs=0.001)
    assert part.taper_deg == 0


def test_thin_rings_are_bent_from_strips_and_wide_ones_turned():
    """A ring of half a millimetre is one strip, a striped one is several, a wide one is a sheet."""
    line, striped, wide = cut_list_by_ring(
        Ring(width_mm=0.5, material="ebony"),
        Ring(width_mm=1.5, strip_thickness_mm=0.5, material="ebony"),
        Ring(width_mm=2.0, pattern="solid", material="koa"),
    )
    assert [(part.kind, part.width_mm) for part in line] == [("strip", 0.5)]
    assert [(part.kind, part.width_mm) for part in striped] == [("strip", 0.5)] * 3
    assert striped[0].length_mm < striped[2].length_mm
    assert line[0].length_mm == pytest.approx(2 * math.pi * 55.25 + Stock().trim_mm, abs=0.001)
    assert [part.kind for part in wide] == ["ring"]
    assert wide[0].stock_length_mm > 2 * 59


def cut_list_by_ring(*rings: Ring) -> list[list[Part]]:
    parts = cut_list(design(*rings))
    return [[part for part in parts if part.ring == index] for index in range(len(rings))]


def test_strips_longer_than_the_stock_are_pieced():
    """A strip of 350 mm from stock of 200 mm is two equal lengths."""
    ring = Ring(width_mm=0.5, material="ebony")
    (part,) = cut_list(design(ring), Stock(strip_length_mm=200))
    assert part.count == part.stock_count == 2
    assert part.length_mm <= 200
    assert 2 * (part.length_mm - Stock().trim_mm) == pytest.approx(2 * math.pi * 55.25, abs=0.01)


def test_shell_comes_in_arcs_no_longer_than_a_blank():
    """The arcs close the ring, and each fits its blank."""
    (part,) = cut_list(design(Ring(width_mm=5, pattern="shell", material="paua")))
    assert part.kind == "arc"
    assert part.count == math.ceil(2 * math.pi * 57.5 / 25)
    assert part.length_mm < part.stock_length_mm
    assert part.width_mm < part.stock_width_mm


rings = st.builds(
    Ring,
    width_mm=st.floats(0.3, 20),
    pattern=st.sampled_from(["line", "solid", "herringbone", "rope", "mosaic", "tiles", "shell"]),
    tile_length_mm=st.floats(0.5, 12),
    tile_tapered=st.booleans(),
    material=st.sampled_from(["koa", "ebony"]),
)


@given(st.lists(rings, min_size=1, max_size=6), st.floats(50, 120))
def test_the_stock_always_suffices(given_rings, hole):
    """Every ring has parts, waste is a share, and the bill adds up to the parts' stock."""
    parts = cut_list(design(*given_rings, hole=hole))
    assert {part.ring for part in parts} == set(range(len(given_rings)))
    for part in parts:
        assert part.count > 0
        assert 0 <= part.waste_share < 1
    bill = bill_of_materials(parts)
    assert sum(line.count for line in bill) == sum(part.stock_count for part in parts)
    assert all(0 <= line.waste_share < 1 for line in bill)


def test_the_bill_joins_what_comes_from_the_same_stock():
    """Two rings of the same tiles are one line, with both rings named."""
    ring = Ring(width_mm=4, pattern="tiles", tile_length_mm=3, material="koa")
    other = Ring(width_mm=0.5, material="ebony")
    bill = bill_of_materials(cut_list(design(ring, other, ring)))
    assert [(line.material, line.form, line.rings) for line in bill] == [
        ("ebony", "strip", (1,)),
        ("koa", "stick", (0, 2)),
    ]


def test_a_table_has_a_column_for_each_field():
    """The CSV can be read back, and a text with a comma stays one cell."""
    ring = Ring(width_mm=4, pattern="tiles", tile_length_mm=3, material="koa, figured")
    parts = cut_list(design(ring))
    (row,) = csv.DictReader(io.StringIO(csv_table(parts, Part)))
    assert list(row) == list(Part.model_fields)
    assert row["material"] == "koa, figured"
    assert int(row["count"]) == parts[0].count
    assert csv_table((), BillLine).count("\n") == 1
