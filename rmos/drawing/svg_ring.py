"""How a ring looks: one drawing function for each pattern."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from prefect_luthier.rmos.design.spec import TILED_PATTERNS, Pattern, Ring
from prefect_luthier.rmos.drawing.svg_markup import (
    circle,
    darker,
    dashed,
    grain_of,
    lighter,
    luminance,
    mix,
    path,
    polar,
    sector,
)
from prefect_luthier.rmos.drawing.svg_shell import draw_shell
from prefect_luthier.rmos.geometry.radii import RingPlace
from prefect_luthier.rmos.making.tiling import Tiling, tiling_of

MAX_OUTLINED_TILES = 720
"""Up to so many tiles are drawn one by one; more are dashes, which cost the same for any number."""

_SQUARE_MM = 0.5  # of a mosaic: Hill's are about half a millimetre
_LIGHT = 0.42  # luminance of a material that a dark partner stands against
_STRIPS = range(2, 61)  # fewer are one strip, more cannot be seen
_MOTIF = ((0.42, 2), (0.78, 0), (1.08, 1))  # tones of a mosaic from its middle outwards
_MOTIF_GROUND, _MOTIF_CORNERS = (0, 3), 1.6


@dataclass(frozen=True)
class Band:
    """A ring about to be drawn.

    Args:
        place: Where it lies.
        ring: What it is.
        color: Its material's colour.
        seed: What its grain is drawn from.
        tiling: How it is divided into tiles or arcs; None when it is in one piece.
        outlined: Whether its tiles may be drawn one by one.
    """

    place: RingPlace
    ring: Ring
    color: str
    seed: str
    tiling: Tiling | None = None
    outlined: bool = True

    @property
    def partner(self) -> str:
        """The colour that stands against the material in a two-coloured pattern."""
        return "#241711" if luminance(self.color) > _LIGHT else "#f3e6cb"

    @property
    def tiles(self) -> int:
        """How many tiles or arcs there are."""
        return self.tiling.count if self.tiling else 1

    @property
    def step(self) -> float:
        """Angle of one of them, radians."""
        return math.tau / self.tiles


def draw_ring(band: Band) -> str:
    """Return the ring's fill, with the fine shadow of the joint on both sides."""
    place = band.place
    width = place.outer_mm - place.inner_mm
    base = circle(place.middle_mm, width, band.color)
    seam = min(0.09, width / 6)
    edges = "".join(
        circle(radius, seam, "#120a05", ' stroke-opacity=".5"')
        for radius in (place.inner_mm + seam / 2, place.outer_mm - seam / 2)
    )
    return base + _FILLS[band.ring.pattern](band) + edges


def _line(band: Band) -> str:
    """Draw the strips that make a line; a single one has a soft sheen."""
    place, width = band.place, band.ring.width_mm
    strips = round(width / (band.ring.strip_thickness_mm or width))
    if strips not in _STRIPS:
        return circle(place.middle_mm, width / 3, lighter(band.color, 0.1))
    return "".join(
        circle(place.inner_mm + width * (index + 0.5) / strips, width / strips, band.partner)
        for index in range(1, strips, 2)
    )


def _solid(band: Band) -> str:
    """Draw bent wood: the grain runs along the ring."""
    random = grain_of(band.seed)
    rows = max(3, min(16, round(band.ring.width_mm / 0.22)))
    width = band.ring.width_mm / rows
    parts = []
    for row in range(rows):
        tone = random.choice((darker(band.color, 0.28), lighter(band.color, 0.25)))
        shares = [random.uniform(0.01, 0.09) for _ in range(24)]
        total = sum(shares)
        radius = band.place.inner_mm + (row + random.uniform(0.3, 0.7)) * width
        parts.append(
            dashed(
                radius,
                width * random.uniform(0.2, 0.8),
                tone,
                [share / total for share in shares],
                skip=random.random(),
                extra=f' stroke-opacity="{random.uniform(0.25, 0.6):.2f}"',
            )
        )
    return "".join(parts)


def _herringbone(band: Band) -> str:
    """Draw chevrons: each tile is one light and one dark strip, folded at the ring's middle."""
    place = band.place
    if not band.outlined:
        return _two_rows_of_dashes(band)
    half = band.step / 2
    slant = min(band.ring.width_mm / 2 / place.middle_mm, 3 * band.step)
    chevrons, lights = [], []
    for angle in _angles(band):
        corners = (
            (place.outer_mm, angle),
            (place.outer_mm, angle + half),
            (place.middle_mm, angle + half + slant),
            (place.inner_mm, angle + half),
            (place.inner_mm, angle),
            (place.middle_mm, angle + slant),
        )
        chevrons.append("M" + "L".join(polar(*corner) for corner in corners) + "Z")
        edge = (
            (place.outer_mm, angle + 1.5 * half),
            (place.middle_mm, angle + 1.5 * half + slant),
            (place.inner_mm, angle + 1.5 * half),
        )
        lights.append("M" + "L".join(polar(*corner) for corner in edge))
    grain = (
        f'<path fill="none" stroke="{darker(band.color, 0.35)}" stroke-opacity=".45" '
        f'stroke-width=".06" d="{"".join(lights)}"/>'
    )
    spine = circle(place.middle_mm, min(0.07, band.ring.width_mm / 12), "#120a05")
    return grain + path(chevrons, band.partner) + spine


def _two_rows_of_dashes(band: Band) -> str:
    """Draw tiles too small to be seen one by one."""
    width = band.ring.width_mm / 2
    share = 0.5 / band.tiles
    return dashed(
        band.place.inner_mm + width / 2, width, band.partner, [share, share], skip=share / 2
    ) + dashed(band.place.outer_mm - width / 2, width, band.partner, [share, share])


def _rope(band: Band) -> str:
    """Draw strands that wind around each other: slanted, with the light on their backs."""
    place, step = band.place, band.step
    if not band.outlined:
        return _two_rows_of_dashes(band)
    slant = max(step, min(1.1 * band.ring.width_mm / place.middle_mm, 2.2 * step))
    bend = band.ring.width_mm * 0.42
    inner, outer = place.inner_mm, place.outer_mm
    strands, backs = [], []
    for angle in _angles(band):
        out = [(inner + bend, angle), (outer - bend, angle + slant), (outer, angle + slant)]
        back = [
            (outer - bend, angle + slant + step / 2),
            (inner + bend, angle + step / 2),
            (inner, angle + step / 2),
        ]
        strands.append(
            f"M{polar(inner, angle)}C{_points(out)}"
            f"L{polar(outer, angle + slant + step / 2)}C{_points(back)}Z"
        )
        shift = 0.75 * step
        lit = [(radius, turn + shift) for radius, turn in out]
        backs.append(f"M{polar(inner, angle + shift)}C{_points(lit)}")
    shine = (
        f'<path fill="none" stroke="{lighter(band.color, 0.6)}" stroke-opacity=".8" '
        f'stroke-width="{min(0.16, band.ring.width_mm / 8):.3f}" d="{"".join(backs)}"/>'
    )
    return shine + path(strands, band.partner)


def _points(points: list[tuple[float, float]]) -> str:
    return " ".join(polar(*point) for point in points)


def _tiles(band: Band) -> str:
    """Draw blocks of three tones; the gaps between untapered ones open outwards as they would."""
    place, width = band.place, band.ring.width_mm
    if not band.outlined:
        share = 1 / band.tiles
        return dashed(place.middle_mm, width, darker(band.color, 0.4), [share / 5, 0.8 * share])
    random = grain_of(band.seed)
    tones: list[list[str]] = [[], [], []]
    for angle in _angles(band):
        tones[random.choice((0, 0, 1, 2))].append(
            sector(place.inner_mm, place.outer_mm, angle, angle + band.step)
        )
    return (
        path(tones[1], darker(band.color, 0.14))
        + path(tones[2], lighter(band.color, 0.13))
        + path(_joints(band), "#1d120b")
    )


def _joints(band: Band) -> Iterator[str]:
    place = band.place
    seam = 0.07 / 2
    opening = band.tiling.joint_mm / 2 if band.tiling else 0.0
    for angle in _angles(band):
        inside, outside = seam / place.inner_mm, (seam + opening) / place.outer_mm
        yield (
            f"M{polar(place.inner_mm, angle - inside)}L{polar(place.outer_mm, angle - outside)}"
            f"L{polar(place.outer_mm, angle + outside)}L{polar(place.inner_mm, angle + inside)}Z"
        )


def _mosaic(band: Band) -> str:
    """Draw a log of squares, cut into slices: the motif stands once in every tile."""
    place, width = band.place, band.ring.width_mm
    rows = max(3, min(13, round(width / _SQUARE_MM) // 2 * 2 + 1))
    pitch = 2 * math.pi * place.middle_mm / band.tiles
    columns = max(4, min(26, round(pitch / (width / rows)) // 2 * 2))
    share = 1 / band.tiles
    colors = {
        1: band.partner,
        2: mix(band.color, "#8e2f22", 0.75),
        3: mix(band.color, "#2f5a41", 0.75) if luminance(band.color) > _LIGHT else "#c99a3f",
    }
    parts = []
    for row in range(rows):
        motif = [_motif(row, column, rows, columns) for column in range(columns)]
        radius = place.inner_mm + (row + 0.5) * width / rows
        for tone, color in colors.items():
            shares, skip = _runs(motif, tone)
            if shares:
                scaled = [each * share for each in shares]
                parts.append(dashed(radius, width / rows, color, scaled, skip=skip * share))
    return "".join(parts)


def _motif(row: int, column: int, rows: int, columns: int) -> int:
    """Return the tone of a square: diamonds within a checkered ground."""
    across = abs(2 * row - (rows - 1)) / (rows - 1)
    along = abs(2 * column - (columns - 1)) / (columns - 1)
    far = across + along
    for reach, tone in _MOTIF:
        if far < reach:
            return tone
    return _MOTIF_GROUND[1 if far > _MOTIF_CORNERS else (row + column) % 2]


def _runs(tones: list[int], tone: int) -> tuple[list[float], float]:
    """Return dash and gap lengths for one tone of a row, as shares of the row, and the start.

    Nothing for a tone that does not occur. The dashes begin at the first square of the tone that
    follows another, so that none is cut at the seam.
    """
    count = len(tones)
    matches = [each == tone for each in tones]
    if not any(matches):
        return [], 0.0
    if all(matches):
        return [1.0, 0.0], 0.0
    first = next(i for i in range(count) if matches[i] and not matches[i - 1])
    shares: list[float] = []
    for offset in range(count):
        index = (first + offset) % count
        if offset and matches[index] == matches[index - 1]:
            shares[-1] += 1 / count
        else:
            shares.append(1 / count)
    return shares, first / count


def _shell(band: Band) -> str:
    place = band.place
    return draw_shell((place.inner_mm, place.outer_mm), band.tiles, band.color, band.seed)


def _angles(band: Band) -> Iterator[float]:
    return (index * band.step for index in range(band.tiles))


_FILLS: dict[Pattern, Callable[[Band], str]] = {
    "line": _line,
    "solid": _solid,
    "herringbone": _herringbone,
    "rope": _rope,
    "mosaic": _mosaic,
    "tiles": _tiles,
    "shell": _shell,
}


def tiling_to_draw(ring: Ring, place: RingPlace) -> Tiling | None:
    """Return how a ring is divided; tiles whose length is not stated yet are as long as wide."""
    if ring.pattern in TILED_PATTERNS and ring.tile_length_mm is None:
        ring = ring.model_copy(update={"tile_length_mm": max(ring.width_mm, 1.0)})
    return tiling_of(ring, place)
