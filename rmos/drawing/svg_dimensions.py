"""Dimension lines: diameters, and one labelled row for each ring and each land."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.drawing.svg_markup import escape, number, size
from prefect_luthier.rmos.geometry.radii import RingPlace, outer_diameter_mm, ring_places

MARK_COLORS = {"red": "#d3261a", "yellow": "#eeb10f"}

CHARACTER_WIDTH = 0.56
"""Width of a character of the sans-serif faces that are asked for, in font sizes; generous."""

_NAME_CHARS = 34
_NAME_SIZE = 0.86
_NOTE_SIZE = 0.84
_ROW_SPACING = 1.72
_INK, _SOFT, _RULE, _ON_BOARD, _IN_HOLE = "#2a1c14", "#6d5848", "#8c7460", "#7a2f20", "#b39a82"


@dataclass(frozen=True)
class Sheet:
    """The paper that a drawing with dimensions needs, around the board.

    Args:
        half_mm: Half of the board's side.
        font_mm: Size of the text.
        rows_height_mm: Height of the column of labels.
        label_mm: Width of the column of labels.
    """

    half_mm: float
    font_mm: float
    rows_height_mm: float
    label_mm: float

    @property
    def gap_mm(self) -> float:
        """Distance between the board and what is written beside it."""
        return 1.3 * self.font_mm

    @property
    def column_mm(self) -> float:
        """Where the labels begin."""
        return self.half_mm + 3.3 * self.font_mm

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, width and height of the whole sheet."""
        margin = self.gap_mm
        above = max(self.half_mm, self.rows_height_mm / 2) + margin
        below = max(self.half_mm + 5.9 * self.font_mm, self.rows_height_mm / 2 + margin)
        width = self.half_mm + margin + self.column_mm + self.label_mm + margin
        return -self.half_mm - margin, -above, width, above + below


@dataclass(frozen=True)
class Row:
    """One band of the rosette with its label.

    Args:
        radius_mm: Where its leader ends.
        width_mm: Its radial width.
        name: What it is.
        ring: The ring's index; None for a land.
        codes: What is violated there.
    """

    radius_mm: float
    width_mm: float
    name: str
    ring: int | None = None
    codes: str = ""


def label_rows(
    spec: RosetteSpec, names: Sequence[str], codes: Mapping[int, Sequence[str]]
) -> list[Row]:
    """Return a row for each ring and land, from the inside out.

    Args:
        spec: The design.
        codes: What is violated in a ring, by its index.
        names: Name of each ring's material.
    """
    rows: list[Row] = []
    if spec.edge_land_mm > 0:
        middle = spec.soundhole_diameter_mm / 2 + spec.edge_land_mm / 2
        rows.append(Row(middle, spec.edge_land_mm, "land to the hole"))
    last = len(spec.rings) - 1
    for place, ring, material in zip(ring_places(spec), spec.rings, names, strict=True):
        name = _cut(f"{ring.pattern} · {material}")
        violated = ", ".join(codes.get(place.index, ()))
        rows.append(Row(place.middle_mm, ring.width_mm, name, place.index, violated))
        if ring.land_after_mm > 0 and place.index < last:
            rows.append(_land(place, ring.land_after_mm))
    return rows


def _land(place: RingPlace, width_mm: float) -> Row:
    return Row(place.outer_mm + width_mm / 2, width_mm, "land")


def _cut(name: str) -> str:
    return name if len(name) <= _NAME_CHARS else name[: _NAME_CHARS - 1].rstrip() + "…"


def sheet_for(rows: Sequence[Row], half_mm: float) -> Sheet:
    """Return the paper on which all labels have room."""
    font = half_mm * 0.055
    longest = max(
        (len(row.name) + 1.15 * len(row.codes) + bool(row.codes) for row in rows), default=0
    )
    label = font * (4.0 + CHARACTER_WIDTH * _NAME_SIZE * longest)
    return Sheet(half_mm, font, len(rows) * _ROW_SPACING * font, label)


def draw_dimensions(
    spec: RosetteSpec, rows: Sequence[Row], sheet: Sheet, marks: Mapping[int, str]
) -> str:
    """Return diameters, labels and leaders.

    Colours stand as attributes, for programs without style sheets; the sheet adapts them.

    Args:
        spec: The design.
        rows: The labels.
        sheet: The paper.
        marks: ``red`` or ``yellow`` for each ring that is marked, by index.
    """
    ends = list(_leaders(rows, sheet))
    outer = outer_diameter_mm(spec) / 2
    below = _outer_line(outer, sheet)
    edge = number(sheet.half_mm)
    start = number(sheet.font_mm)
    sides = [f"M{number(x)} {start}V{edge}" for x in (-outer, outer)]
    on_board = "".join([*(end.over_board for end in ends), *sides])
    beside = "".join([*(end.beside for end in ends), below.line])
    width = number(0.085 * sheet.font_mm)
    return (
        f'<g class="dim" pointer-events="none" font-size="{number(sheet.font_mm)}" fill="{_INK}">'
        f'<g fill="none"><path stroke="#fff8ea" stroke-opacity=".7" '
        f'stroke-width="{number(0.26 * sheet.font_mm)}" d="{on_board}"/>'
        f'<path stroke="{_ON_BOARD}" stroke-width="{width}" d="{on_board}"/>'
        f'<path class="rule" stroke="{_RULE}" stroke-width="{width}" d="{beside}"/></g>'
        f'<path class="head" fill="{_RULE}" d="{below.heads}"/>'
        f"{''.join(end.dot for end in ends)}"
        f"{''.join(_label(row, sheet, end.y, marks) for row, end in zip(rows, ends, strict=True))}"
        f"{_hole_diameter(spec, sheet)}{_outer_text(outer, sheet)}{_note(spec, sheet)}</g>"
    )


@dataclass(frozen=True)
class _Leader:
    """The line from a ring to its label: over the board, and beside it.

    Args:
        y: Height of the label.
        over_board: Path from the ring to the board's edge.
        beside: Path from there to the label.
        dot: Its end on the ring.
    """

    y: float
    over_board: str
    beside: str
    dot: str


def _leaders(rows: Sequence[Row], sheet: Sheet) -> Iterator[_Leader]:
    """Lead each row to its ring: level over the board, so that no line crosses another."""
    font, edge = sheet.font_mm, sheet.half_mm
    spacing = _ROW_SPACING * font
    first = -(len(rows) - 1) / 2 * spacing
    reach = 0.72 * min((row.radius_mm for row in rows), default=1.0)
    squeeze = min(1.0, reach / max(abs(first), 1e-9))
    for index, row in enumerate(rows):
        y = first + index * spacing
        anchor_y = y * squeeze
        anchor_x = math.sqrt(row.radius_mm**2 - anchor_y**2)
        x, level = number(anchor_x), number(anchor_y)
        yield _Leader(
            y,
            f"M{x} {level}H{number(edge)}",
            f"M{number(edge)} {level}L{number(edge + 1.2 * font)} {number(y)}"
            f"H{number(sheet.column_mm - 0.5 * font)}",
            f'<circle cx="{x}" cy="{level}" r="{number(0.17 * font)}" fill="{_ON_BOARD}" '
            f'stroke="#fff8ea" stroke-width="{number(0.1 * font)}"/>',
        )


def _label(row: Row, sheet: Sheet, y: float, marks: Mapping[int, str]) -> str:
    font, left = sheet.font_mm, sheet.column_mm
    base = number(y + 0.36 * font)
    kind, ink = ("land", _SOFT) if row.ring is None else ("ring", _INK)
    mark = marks.get(row.ring) if row.ring is not None else None
    sign = (
        f'<circle cx="{number(left + 0.1 * font)}" cy="{number(y)}" '
        f'r="{number(0.42 * font)}" fill="{MARK_COLORS[mark]}"/>'
        if mark
        else ""
    )
    codes = (
        f'<tspan class="{mark}" dx="{number(0.7 * font)}" font-weight="600" '
        f'fill="{MARK_COLORS[mark]}">'
        f"{escape(row.codes)}</tspan>"
        if mark and row.codes
        else ""
    )
    return (
        f'{sign}<text class="{kind}" fill="{ink}" x="{number(left + 2.9 * font)}" y="{base}" '
        f'text-anchor="end">{size(row.width_mm)}</text>'
        f'<text class="name" fill="{_SOFT}" x="{number(left + 3.5 * font)}" y="{base}" '
        f'font-size="{number(_NAME_SIZE * font)}">{escape(row.name)}{codes}</text>'
    )


@dataclass(frozen=True)
class _Arrows:
    """A line with heads at both ends."""

    line: str
    heads: str


def _arrows(left: float, right: float, y: float, font: float) -> _Arrows:
    tip, wing, at = number(0.8 * font), number(0.24 * font), number(y)
    high = number(0.48 * font)
    return _Arrows(
        f"M{number(left + 0.5 * font)} {at}H{number(right - 0.5 * font)}",
        f"M{number(left)} {at}l{tip} -{wing}v{high}zM{number(right)} {at}l-{tip} -{wing}v{high}z",
    )


def _hole_diameter(spec: RosetteSpec, sheet: Sheet) -> str:
    """Draw the soundhole's diameter and the centre, which is the program's zero."""
    font, radius = sheet.font_mm, spec.soundhole_diameter_mm / 2
    text = f"\N{DIAMETER SIGN} {size(spec.soundhole_diameter_mm)}"
    reach = math.hypot(CHARACTER_WIDTH * len(text) / 2, 2.1)  # of the text's lower corners
    shown = min(1.15 * font, 0.95 * radius / reach)
    across = _arrows(-radius, radius, 0, min(font, radius / 4))
    cross = number(0.8 * font)
    return (
        f'<g fill="none" stroke="{_IN_HOLE}" stroke-width="{number(0.085 * font)}">'
        f'<path d="{across.line}"/><path d="M0 -{cross}V{cross}"/></g>'
        f'<path fill="{_IN_HOLE}" d="{across.heads}"/>'
        f'<text class="hole" fill="#f6ead6" y="{number(1.85 * shown)}" text-anchor="middle" '
        f'font-size="{number(shown)}">{text}</text>'
    )


def _outer_line(outer_mm: float, sheet: Sheet) -> _Arrows:
    font = sheet.font_mm
    y = sheet.half_mm + 1.5 * font
    arrows = _arrows(-outer_mm, outer_mm, y, font)
    sides = "".join(
        f"M{number(x)} {number(sheet.half_mm)}V{number(y + 0.4 * font)}"
        for x in (-outer_mm, outer_mm)
    )
    return _Arrows(arrows.line + sides, arrows.heads)


def _outer_text(outer_mm: float, sheet: Sheet) -> str:
    text = f"\N{DIAMETER SIGN} {size(2 * outer_mm)}"
    y = sheet.half_mm + 2.95 * sheet.font_mm
    return (
        f'<text class="ring" y="{number(y)}" text-anchor="middle" '
        f'font-size="{number(1.15 * sheet.font_mm)}">{text}</text>'
    )


def _note(spec: RosetteSpec, sheet: Sheet) -> str:
    text = (
        f"channel {size(spec.channel_depth_mm)} deep, inlay {size(spec.inlay_thickness_mm)}, "
        f"glue gap {size(spec.glue_gap_mm)}, all in mm"
    )
    font = sheet.font_mm
    return (
        f'<text class="land" fill="{_SOFT}" y="{number(sheet.half_mm + 4.8 * font)}" '
        f'text-anchor="middle" font-size="{number(_NOTE_SIZE * font)}">{text}</text>'
    )
