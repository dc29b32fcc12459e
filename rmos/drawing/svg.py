"""The picture of a rosette: to scale, one user unit is one millimetre."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.drawing.svg_board import draw_board, draw_hole
from prefect_luthier.rmos.drawing.svg_dimensions import (
    MARK_COLORS,
    draw_dimensions,
    label_rows,
    sheet_for,
)
from prefect_luthier.rmos.drawing.svg_markup import circle, escape, number, size
from prefect_luthier.rmos.drawing.svg_ring import (
    MAX_OUTLINED_TILES,
    Band,
    draw_ring,
    tiling_to_draw,
)
from prefect_luthier.rmos.feasibility.verdict import Violation
from prefect_luthier.rmos.geometry.radii import RingPlace, outer_diameter_mm, ring_places
from prefect_luthier.rmos.library.library import Library, Shelf, load_library
from prefect_luthier.rmos.library.model import Material

_STYLE = Path(__file__).with_name("svg.css").read_text(encoding="utf-8").replace("\n", "")
BOARD_MARGIN = 0.11
_MAX_OUTLINED_TOGETHER = 4000
SOUNDBOARD = "#e3c690"
_UNKNOWN_MATERIAL = "#9a8f86"


@dataclass(frozen=True)
class _Look:
    """Colours and names of the materials in one design."""

    materials: Shelf[Material]
    board: str

    def color(self, material: str | Material) -> str:
        """Return a material's colour; what the library does not know is grey."""
        known = self._find(material)
        return known.color if known else _UNKNOWN_MATERIAL

    def name(self, material: str | Material) -> str:
        """Return a material's name for people."""
        known = self._find(material)
        if known and known.name:
            return known.name
        return material if isinstance(material, str) else material.id

    def _find(self, material: str | Material) -> Material | None:
        return material if isinstance(material, Material) else self.materials.get(material)


@dataclass
class _Marks:
    """The worst severity of each ring, and what is violated there."""

    severity: dict[int, str] = field(default_factory=dict)
    codes: dict[int, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, findings: Iterable[Violation]) -> _Marks:
        marks = cls()
        for finding in findings:
            if finding.ring is None:
                continue
            worst = "red" if finding.severity == "RED" else "yellow"
            if marks.severity.get(finding.ring) != "red":
                marks.severity[finding.ring] = worst
            codes = marks.codes.setdefault(finding.ring, [])
            if finding.code not in codes:
                codes.append(finding.code)
        return marks


def design_svg(
    spec: RosetteSpec,
    context: Context | None = None,
    *,
    dimensions: bool = False,
    findings: Iterable[Violation] = (),
    library: Library | None = None,
) -> str:
    """Return the picture of a design as an SVG document, in millimetres around the hole's centre.

    The same design always gives the same text. It follows the reader's light or dark scheme,
    and refers to nothing outside itself.

    Args:
        spec: The design.
        context: Gives the soundboard's wood; a light spruce when there is none.
        dimensions: Whether to draw dimension lines and a label for each ring.
        findings: Violations; the rings that cause them are outlined.
        library: Where the inlay materials are looked up; the one that ships when none is given.
    """
    look = _Look(
        (library or load_library()).materials, context.material.color if context else SOUNDBOARD
    )
    marks = _Marks.of(findings)
    half = outer_diameter_mm(spec) / 2 * (1 + BOARD_MARGIN) + 1
    names = [look.name(ring.material) for ring in spec.rings]
    rows = label_rows(spec, names, marks.codes)
    sheet = sheet_for(rows, half)
    box = sheet.box if dimensions else (-half, -half, 2 * half, 2 * half)
    drawn = draw_dimensions(spec, rows, sheet, marks.severity) if dimensions else ""
    prefix = f"r{spec.digest[-8:]}"
    hole = draw_hole(spec.soundhole_diameter_mm / 2, look.board, prefix)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="rosette" role="img" '
        f'viewBox="{" ".join(number(each) for each in box)}" '
        f'width="{number(box[2])}mm" height="{number(box[3])}mm" '
        f'aria-labelledby="{prefix}-title">'
        f'<title id="{prefix}-title">{escape(_title(spec))}</title><style>{_STYLE}</style>'
        f"{draw_board(half, look.board)}{hole}{_rings(spec, look, marks)}"
        f"{_outlines(spec, marks)}{drawn}</svg>\n"
    )


def _title(spec: RosetteSpec) -> str:
    count = len(spec.rings)
    return (
        f"Rosette of {count} ring{'' if count == 1 else 's'}, "
        f"{size(outer_diameter_mm(spec))} mm wide, around a soundhole of "
        f"{size(spec.soundhole_diameter_mm)} mm"
    )


def _rings(spec: RosetteSpec, look: _Look, marks: _Marks) -> str:
    places = ring_places(spec)
    tilings = [tiling_to_draw(ring, place) for ring, place in zip(spec.rings, places, strict=True)]
    counts = [tiling.count if tiling else 0 for tiling in tilings]
    few = sum(counts) <= _MAX_OUTLINED_TOGETHER
    parts = []
    for place, ring, tiling in zip(places, spec.rings, tilings, strict=True):
        tiles = tiling.count if tiling else 0
        seed = f"{ring.pattern}/{look.name(ring.material)}/{ring.width_mm}/{place.index}"
        outlined = tiles <= MAX_OUTLINED_TILES and few
        band = Band(place, ring, look.color(ring.material), seed, tiling, outlined)
        words = _spoken(band, look, marks)
        parts.append(
            f'<g data-ring="{place.index}"'
            + (f' data-tiles="{tiles}"' if tiles else "")
            + f"><title>{escape(words)}</title>{draw_ring(band)}</g>"
        )
    return "".join(parts)


def _spoken(band: Band, look: _Look, marks: _Marks) -> str:
    ring = band.ring
    words = f"Ring {band.place.index + 1}: {ring.pattern}, {look.name(ring.material)}, "
    words += f"{size(ring.width_mm)} mm wide"
    if band.tiling:
        piece = "arc" if ring.pattern == "shell" else "tile"
        words += f", {band.tiles} {piece}s of {size(band.tiling.pitch_mm)} mm"
    codes = marks.codes.get(band.place.index)
    return f"{words}; {', '.join(codes)}" if codes else words


def _outlines(spec: RosetteSpec, marks: _Marks) -> str:
    places = ring_places(spec)
    inside = (index for index in sorted(marks.severity) if 0 <= index < len(places))
    return "".join(_outline(places[index], marks.severity[index]) for index in inside)


def _outline(place: RingPlace, severity: str) -> str:
    """Draw a clear line on both sides of the ring; where it blocks, a tint over it as well."""
    color = MARK_COLORS[severity]
    width = place.outer_mm - place.inner_mm
    line = min(0.006 * place.outer_mm, max(width / 2, 0.0025 * place.outer_mm))
    tint = (
        circle(place.middle_mm, width, color, ' stroke-opacity=".28"') if severity == "red" else ""
    )
    edges = "".join(circle(radius, line, color) for radius in (place.inner_mm, place.outer_mm))
    return f'<g class="outline {severity}" pointer-events="none">{tint}{edges}</g>'
