"""The soundboard around the rosette, and the hole in it."""

from __future__ import annotations

from prefect_luthier.rmos.drawing.svg_markup import circle, darker, grain_of, lighter, number

_CENTRE_SPACING_MM = 0.75
_EDGE_SPACING_MM = 1.7


def draw_board(half_mm: float, color: str) -> str:
    """Return a square of quarter-sawn wood, bookmatched: its grain mirrors at the seam.

    Args:
        half_mm: Half of the square's side.
        color: Colour of the wood.
    """
    side = number(2 * half_mm)
    corner = number(-half_mm)
    rounded = number(half_mm * 0.035)
    square = f'x="{corner}" y="{corner}" width="{side}" height="{side}" rx="{rounded}"'
    edge = darker(color, 0.35)
    return (
        f'<rect {square} fill="{color}"/>{_grain(half_mm, color)}'
        f'<rect {square} fill="none" stroke="{edge}" stroke-opacity=".55" stroke-width=".3"/>'
    )


def _grain(half_mm: float, color: str) -> str:
    random = grain_of("grain")
    lines: dict[int, list[str]] = {0: [], 1: [], 2: []}
    x = _CENTRE_SPACING_MM
    reach = number(half_mm - 0.2)
    while x < 0.965 * half_mm:
        kind = random.choice((0, 0, 1, 1, 2))
        drift = random.uniform(-0.35, 0.35)
        for side in (-1, 1):
            start, bend, end = (number(side * (x + shift), 2) for shift in (0, drift, drift / 3))
            lines[kind].append(f"M{start} -{reach}Q{bend} 0 {end} {reach}")
        spacing = _CENTRE_SPACING_MM + (_EDGE_SPACING_MM - _CENTRE_SPACING_MM) * x / half_mm
        x += max(spacing, half_mm / 90) * random.uniform(0.72, 1.28)
    tones = (
        (darker(color, 0.3), 0.16, 0.34),
        (darker(color, 0.45), 0.2, 0.26),
        (lighter(color, 0.55), 0.5, 0.26),
    )
    parts = [
        f'<path stroke="{tone}" stroke-width="{width}" stroke-opacity="{opacity}" '
        f'd="{"".join(lines[kind])}"/>'
        for kind, (tone, width, opacity) in enumerate(tones)
    ]
    seam = f'<path stroke="{darker(color, 0.5)}" stroke-width=".12" stroke-opacity=".5" '
    return f'<g fill="none">{"".join(parts)}{seam}d="M0 -{reach}V{reach}"/></g>'


def draw_hole(radius_mm: float, color: str, id_prefix: str) -> str:
    """Return the soundhole: dark, deeper towards the upper edge, with the cut wood around it."""
    gradient = f"{id_prefix}-hole"
    rim = min(0.7, radius_mm / 20)
    return (
        f'<radialGradient id="{gradient}" cy=".62" r=".62">'
        '<stop offset="0" stop-color="#33231a"/><stop offset=".72" stop-color="#1f1510"/>'
        '<stop offset="1" stop-color="#0e0906"/></radialGradient>'
        f'<circle r="{number(radius_mm)}" fill="url(#{gradient})"/>'
        + circle(radius_mm - rim / 2, rim, darker(color, 0.3))
        + circle(radius_mm - rim, rim / 4, darker(color, 0.75), ' stroke-opacity=".6"')
    )
