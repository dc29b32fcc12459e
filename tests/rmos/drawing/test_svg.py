"""The picture of a rosette: exact, readable, harmless, and always the same."""

from __future__ import annotations

import io
import math
import os
import re
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_luthier.rmos.attachments.svg_safety import svg_findings
from prefect_luthier.rmos.design.spec import Ring, RosetteSpec
from prefect_luthier.rmos.drawing.svg import design_svg
from prefect_luthier.rmos.drawing.svg_dimensions import CHARACTER_WIDTH
from prefect_luthier.rmos.feasibility.verdict import Violation
from prefect_luthier.rmos.geometry.radii import outer_diameter_mm
from prefect_luthier.rmos.library.library import find_material

SVG = "{http://www.w3.org/2000/svg}"
REFERENCES = Path(__file__).parent / "reference"
TOLERANCE_MM = 0.011


def ring(width_mm: float, pattern: Any = "line", material: str = "ebony", **more: Any) -> Ring:
    return Ring(width_mm=width_mm, pattern=pattern, material=material, **more)


def design(*rings: Ring, soundhole_mm: float = 101.6, edge_mm: float = 5.0) -> RosetteSpec:
    return RosetteSpec(
        soundhole_diameter_mm=soundhole_mm,
        edge_land_mm=edge_mm,
        channel_depth_mm=1.5,
        inlay_thickness_mm=1.7,
        depth_per_pass_mm=0.75,
        rings=rings,
    )


HERRINGBONE = design(
    ring(0.5),
    ring(0.5, material="holly"),
    ring(4, "herringbone", "hard-maple", tile_length_mm=3.0),
    ring(0.5, material="holly"),
    ring(0.5),
)
EVERYTHING = design(
    ring(1.5, strip_thickness_mm=0.5, land_after_mm=1.5),
    ring(1.0, "rope", "hard-maple", tile_length_mm=1.6),
    ring(6, "mosaic", "indian-rosewood", tile_length_mm=6.0),
    ring(2, "tiles", "koa", tile_length_mm=4.0, land_after_mm=2.0),
    ring(4, "shell", "abalone"),
    ring(2, "solid", "black-walnut"),
    soundhole_mm=84,
    edge_mm=0,
)
CROWDED = design(*(ring(0.6, land_after_mm=1.0, material="x" * 80) for _ in range(64)))
TINY = design(ring(1.0), ring(0.3), soundhole_mm=4.0)
DESIGNS = {
    "herringbone": HERRINGBONE,
    "everything": EVERYTHING,
    "64 rings": CROWDED,
    "tiny hole": TINY,
    "one ring": design(ring(0.01), edge_mm=0),
}


def finding(ring: int | None, severity: Any, code: str) -> Violation:
    return Violation(ring=ring, severity=severity, code=code, message="it is wrong", fix="mend it")


def tree(picture: str) -> ET.Element:
    return ET.fromstring(picture)


@pytest.mark.parametrize("name", ["herringbone", "everything"])
def test_the_picture_is_the_one_that_was_looked_at(name: str) -> None:
    """It equals its reference; LUTHIER_REGENERATE=1 writes the references anew, to be looked at."""
    drawn = design_svg(DESIGNS[name], dimensions=True, findings=[finding(1, "RED", "TOOL_FIT")])
    file = REFERENCES / f"{name}.svg"
    if os.environ.get("LUTHIER_REGENERATE"):
        file.parent.mkdir(exist_ok=True)
        file.write_text(drawn)
    assert difference(file.read_text(), drawn) is None


NUMBER = re.compile(r"(?<![#\w])-?\d+(?:\.\d+)?|(?<![#\w])-?\.\d+")


def difference(reference: str, drawn: str) -> str | None:
    """Return the first place where two pictures differ by more than the last digit."""
    if NUMBER.split(reference) != NUMBER.split(drawn):
        pairs = zip(NUMBER.split(reference), NUMBER.split(drawn), strict=False)
        return next((f"{a!r} is now {b!r}" for a, b in pairs if a != b), "one is longer")
    places = zip(NUMBER.finditer(reference), NUMBER.finditer(drawn), strict=True)
    for old, new in places:
        if abs(float(old[0]) - float(new[0])) > TOLERANCE_MM:
            return f"{reference[old.start() - 40 : old.end()]!r} ends in {new[0]} now"
    return None


@pytest.mark.parametrize(
    "other",
    [
        design(*HERRINGBONE.rings[:-1], ring(0.52)),
        design(*HERRINGBONE.rings[:-1], ring(0.5, material="koa")),
        design(*HERRINGBONE.rings, ring(0.5)),
        design(
            *HERRINGBONE.rings[:2],
            ring(4, "herringbone", "hard-maple", tile_length_mm=2.97),
            *HERRINGBONE.rings[3:],
        ),
    ],
    ids=["width by 0.02", "material", "a ring more", "one tile more"],
)
def test_the_comparison_can_fail(other: RosetteSpec) -> None:
    """A difference that a luthier would care about is found."""
    plain = re.compile(r"r[0-9a-f]{8}-")
    first, second = (plain.sub("", design_svg(each)) for each in (HERRINGBONE, other))
    assert difference(first, first) is None
    assert difference(first, second) is not None


@pytest.mark.parametrize("spec", DESIGNS.values(), ids=DESIGNS)
def test_it_is_to_scale(spec: RosetteSpec) -> None:
    """One user unit is one millimetre: the bands are strokes of the rings' widths and radii."""
    root = tree(design_svg(spec, dimensions=True))
    width, height = (root.get(side, "") for side in ("width", "height"))
    assert [width, height] == [f"{each}mm" for each in root.get("viewBox", "").split()[2:]]
    radius = spec.soundhole_diameter_mm / 2 + spec.edge_land_mm
    for group, each in zip(rings_of(root), spec.rings, strict=True):
        band = next(group.iter(f"{SVG}circle"))
        assert float(band.get("r", 0)) == pytest.approx(radius + each.width_mm / 2, abs=1e-3)
        assert float(band.get("stroke-width", 0)) == pytest.approx(each.width_mm, abs=1e-3)
        radius += each.width_mm + each.land_after_mm


def rings_of(root: ET.Element) -> list[ET.Element]:
    return [group for group in root.iter(f"{SVG}g") if group.get("data-ring")]


@pytest.mark.parametrize("pattern", ["herringbone", "rope", "tiles"])
@pytest.mark.parametrize("pitch_mm", [1.0, 2.9, 3.0, 7.3, 500.0])
def test_as_many_tiles_are_drawn_as_are_set(pattern: str, pitch_mm: float) -> None:
    """The number of parts drawn is 2πr over the pitch at the ring's middle, rounded."""
    root = tree(design_svg(design(ring(4, pattern, "hard-maple", tile_length_mm=pitch_mm))))
    wanted = max(3, round(2 * math.pi * 57.8 / pitch_mm))
    (group,) = rings_of(root)
    assert group.get("data-tiles") == str(wanted)
    last = list(group.iter(f"{SVG}path"))[-1]
    assert last.get("d", "").count("M") == wanted
    assert f"{wanted} tiles" in (group.findtext(f"{SVG}title") or "")


def test_a_mosaic_repeats_its_motif_in_every_tile() -> None:
    """The dashes of a row make one tile together, and a whole number of them makes the circle."""
    root = tree(design_svg(design(ring(5, "mosaic", "hard-maple", tile_length_mm=6.0))))
    (group,) = rings_of(root)
    rows = [each for each in group.iter(f"{SVG}circle") if each.get("stroke-dasharray")]
    assert len({row.get("r") for row in rows}) == 11
    for row in rows:
        motif = sum(map(float, row.get("stroke-dasharray", "").split()))
        around = 2 * math.pi * float(row.get("r", 0))
        assert around / motif == pytest.approx(int(group.get("data-tiles", 0)), rel=1e-3)


def test_what_an_untapered_tile_leaves_open_is_seen() -> None:
    """The joints between blocks widen outwards; those of wedges do not."""
    straight, wedge = (
        joint_widths(design(ring(5, "tiles", tile_length_mm=8.0, tile_tapered=tapered)))
        for tapered in (False, True)
    )
    assert wedge == pytest.approx((0.07, 0.07), abs=0.02)
    opening = 2 * math.pi * 5 / round(2 * math.pi * 58.3 / 8)
    assert straight == pytest.approx((0.07, 0.07 + opening), abs=0.02)


def joint_widths(spec: RosetteSpec) -> tuple[float, float]:
    (group,) = rings_of(tree(design_svg(spec)))
    first = list(group.iter(f"{SVG}path"))[-1].get("d", "").split("Z")[0]
    a, b, c, d = (tuple(map(float, point.split())) for point in first[1:].split("L"))
    return math.dist(a, d), math.dist(b, c)


@dataclass(frozen=True)
class Box:
    text: str
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )

    def corners(self) -> list[tuple[float, float]]:
        return [(x, y) for x in (self.left, self.right) for y in (self.top, self.bottom)]


def boxes(root: ET.Element) -> list[Box]:
    (group,) = [each for each in root.iter(f"{SVG}g") if each.get("class") == "dim"]
    found: list[Box] = []
    for text in group.iter(f"{SVG}text"):
        size = float(text.get("font-size") or group.get("font-size") or 0)
        words = "".join(text.itertext())
        width = size * CHARACTER_WIDTH * len(words)
        x, y = float(text.get("x", 0)), float(text.get("y", 0))
        left = {"start": x, "middle": x - width / 2, "end": x - width}[
            text.get("text-anchor", "start")
        ]
        found.append(Box(words, left, y - 0.75 * size, left + width, y + 0.22 * size))
    return found


@st.composite
def designs(draw: st.DrawFn) -> RosetteSpec:
    rings = draw(
        st.lists(
            st.builds(
                ring,
                st.floats(0.1, 25),
                st.sampled_from(["line", "mosaic", "shell", "tiles"]),
                st.sampled_from(
                    ["ebony", "mother-of-pearl", "a wood that nobody knows at all, no"]
                ),
                land_after_mm=st.sampled_from([0.0, 1.5]),
                tile_length_mm=st.floats(2, 9),
            ),
            min_size=1,
            max_size=40,
        )
    )
    return design(
        *rings, soundhole_mm=draw(st.floats(3, 300)), edge_mm=draw(st.sampled_from([0.0, 5.0]))
    )


@pytest.mark.parametrize("spec", DESIGNS.values(), ids=DESIGNS)
def test_no_text_covers_a_ring_or_another_text(spec: RosetteSpec) -> None:
    """Every word of a dimension can be read."""
    assert_readable(spec)


@given(designs())
def test_no_design_crowds_its_dimensions(spec: RosetteSpec) -> None:
    """Whatever the rings, each word stands by itself, on the sheet, off the rosette."""
    assert_readable(spec)


def assert_readable(spec: RosetteSpec) -> None:
    findings = [finding(index, "RED", "TILE_WEDGE") for index in range(len(spec.rings))]
    root = tree(design_svg(spec, dimensions=True, findings=findings))
    texts = boxes(root)
    left, top, width, height = map(float, root.get("viewBox", "").split())
    hole, outer = spec.soundhole_diameter_mm / 2, outer_diameter_mm(spec) / 2
    for box in texts:
        assert left <= box.left < box.right <= left + width, box
        assert top <= box.top < box.bottom <= top + height, box
        in_hole = all(math.hypot(*corner) <= hole for corner in box.corners())
        beside = box.left > outer or box.top > outer
        assert in_hole or beside, box
    assert [(a, b) for a, b in combinations(texts, 2) if a.overlaps(b)] == []


def test_every_width_and_both_diameters_are_stated() -> None:
    """A luthier can build from the sheet: widths, lands, diameters, depth."""
    shown = [box.text for box in boxes(tree(design_svg(EVERYTHING, dimensions=True)))]
    names = [find_material(each.material).name for each in EVERYTHING.rings]
    patterns = ("line", "rope", "mosaic", "tiles", "shell", "solid")
    labels = [" · ".join(pair) for pair in zip(patterns, names, strict=True)]
    assert shown[::2][:8] == ["1.5", "1.5", "1", "6", "2", "2", "4", "2"]
    assert shown[1::2][:8] == [labels[0], "land", *labels[1:4], "land", *labels[4:]]
    assert shown[16:] == [
        "⌀ 84",
        "⌀ 124",
        "channel 1.5 deep, inlay 1.7, glue gap 0.05, all in mm",
    ]


def test_rings_with_violations_are_outlined_in_their_colour() -> None:
    """Red where the design is blocked, yellow where it is warned, nothing elsewhere."""
    findings = [
        finding(2, "YELLOW", "TILE"),
        finding(2, "RED", "TOOL_FIT"),
        finding(4, "YELLOW", "LINE_MIN"),
        finding(None, "RED", "FLOOR"),
        finding(99, "RED", "LAND"),
    ]
    drawn = design_svg(EVERYTHING, dimensions=True, findings=findings)
    root = tree(drawn)
    outlines = [g.get("class") for g in root.iter(f"{SVG}g") if "outline" in (g.get("class") or "")]
    assert outlines == ["outline red", "outline yellow"]
    labels = ["".join(text.itertext()) for text in tree(drawn).iter(f"{SVG}text")]
    assert any(label.endswith("TILE, TOOL_FIT") for label in labels)
    assert (rings_of(root)[2].findtext(f"{SVG}title") or "").endswith("TILE, TOOL_FIT")


@pytest.mark.parametrize("spec", DESIGNS.values(), ids=DESIGNS)
def test_it_refers_to_nothing_outside_itself(spec: RosetteSpec) -> None:
    """No script, no link, no picture, no font: it may be opened anywhere."""
    drawn = design_svg(spec, dimensions=True)
    names = {element.tag.removeprefix(SVG) for element in tree(drawn).iter()}
    assert names <= {"svg", "title", "style", "g", "rect", "path", "circle", "text", "tspan"} | {
        "radialGradient",
        "stop",
    }
    assert "href" not in drawn
    assert set(re.findall(r"url\(([^)]*)\)", drawn)) <= set(re.findall(r"url\((#[^)]*)\)", drawn))
    assert drawn.count("http") == 1


@pytest.mark.parametrize("spec", DESIGNS.values(), ids=DESIGNS)
def test_it_may_be_attached(spec: RosetteSpec) -> None:
    """The gate that keeps unsafe drawings out finds nothing in ours."""
    drawn = design_svg(spec, dimensions=True, findings=[finding(0, "RED", "LAND")])
    assert svg_findings(io.BytesIO(drawn.encode())) == []


def test_names_cannot_become_markup() -> None:
    """A material's name is text, whatever is in it."""
    evil = design(ring(1, material='"><script>alert(1)</script>\x07&amp;'))
    root = tree(design_svg(evil, dimensions=True))
    assert not list(root.iter(f"{SVG}script"))
    assert any("<script>" in box.text for box in boxes(root))


def test_thousands_of_tiles_stay_small() -> None:
    """Sixty-four rings with the finest tiles do not make a picture of megabytes."""
    patterns = ("herringbone", "rope", "tiles", "mosaic")
    fine = design(*(ring(1, patterns[i % 4], tile_length_mm=0.2) for i in range(64)))
    assert len(design_svg(fine)) < 600_000
    coarse = design(*(ring(1, patterns[i % 4], tile_length_mm=1.0) for i in range(64)))
    assert len(design_svg(coarse)) < 900_000
    endless = design(ring(1, "herringbone", tile_length_mm=1e-9), ring(1e5, "shell"))
    assert len(design_svg(endless)) < 100_000
