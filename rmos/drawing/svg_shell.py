"""Shell: pieces cut in arcs, whose colour changes with the light."""

from __future__ import annotations

import math
from collections.abc import Iterator
from random import Random

from prefect_luthier.rmos.drawing.svg_markup import (
    circle,
    dashed,
    grain_of,
    luminance,
    mix,
    number,
    path,
    polar,
    sector,
    turned,
)

_MAX_PIECES = 240
_PALE = 0.75  # luminance of pearl


def draw_shell(radii_mm: tuple[float, float], pieces: int, color: str, seed: str) -> str:
    """Return a ring of shell: pieces in changing tints, streaks of light across them, joints.

    Args:
        radii_mm: Inner and outer radius.
        pieces: Into how many arcs it is cut; more than can be seen are not drawn.
        color: The shell's colour.
        seed: What its grain is drawn from.
    """
    random = grain_of(seed)
    inner_mm, outer_mm = radii_mm
    middle, width = (inner_mm + outer_mm) / 2, outer_mm - inner_mm
    pieces = min(pieces, _MAX_PIECES)
    tints = _tints(color)
    parts = [
        circle(middle, width, tints[0]),
        *_pieces(inner_mm, outer_mm, pieces, tints, random),
        *_streaks(inner_mm, width, tints, random),
        _ripples(inner_mm, outer_mm, color, random),
        path(_joints(inner_mm, outer_mm, pieces, random), "#0c1210", ' fill-opacity=".75"'),
    ]
    return "".join(parts)


def _tints(color: str) -> list[str]:
    """Return the colours that a shell shows; pale pearl only blushes."""
    vivid = 0.16 if luminance(color) > _PALE else 0.5
    return [
        color,
        turned(color, 0.09, saturation=vivid, lightness=0.1),
        turned(color, -0.1, saturation=vivid, lightness=0.06),
        turned(color, 0.2, saturation=vivid, lightness=0.02),
        turned(color, 0.42, saturation=vivid * 0.8, lightness=0.12),
        mix(color, "#ffffff", 0.6),
        turned(color, 0.04, saturation=vivid, lightness=-0.16),
    ]


def _pieces(
    inner_mm: float, outer_mm: float, count: int, tints: list[str], random: Random
) -> Iterator[str]:
    step = 2 * math.pi / count
    for index in range(count):
        piece = sector(inner_mm, outer_mm, index * step, (index + 1) * step)
        opacity = f' fill-opacity="{random.uniform(0.2, 0.6):.2f}"'
        yield path([piece], random.choice(tints[1:]), opacity)


def _streaks(inner_mm: float, width: float, tints: list[str], random: Random) -> list[str]:
    """Draw bands of tint that run along the ring for a while, at all depths of it."""
    rows = max(4, min(12, round(width / 0.3)))
    parts = []
    for row in range(2 * rows):
        radius = inner_mm + width * (0.06 + 0.88 * (row + random.random()) / (2 * rows))
        shares = [random.uniform(0.004, 0.05) for _ in range(36)]
        total = sum(shares)
        parts.append(
            dashed(
                radius,
                width / rows * random.uniform(0.4, 1.3),
                random.choice(tints),
                [share / total for share in shares],
                skip=random.random(),
                extra=f' stroke-opacity="{random.uniform(0.25, 0.7):.2f}"',
            )
        )
    return parts


def _ripples(inner_mm: float, outer_mm: float, color: str, random: Random) -> str:
    """Draw the growth lines of the shell: dark waves that cross the ring."""
    width = outer_mm - inner_mm
    count = max(8, min(160, round(2 * math.pi * inner_mm / 2.6)))
    waves = []
    for index in range(count):
        angle = 2 * math.pi * (index + random.uniform(-0.4, 0.4)) / count
        lean = random.uniform(-1.2, 1.6) * width / outer_mm
        inside = inner_mm + width * random.uniform(0.02, 0.3)
        outside = outer_mm - width * random.uniform(0.02, 0.4)
        sway = random.uniform(-0.5, 0.5) * width / outer_mm
        waves.append(
            f"M{polar(inside, angle)}Q{polar((inside + outside) / 2, angle + lean / 2 + sway)} "
            f"{polar(outside, angle + lean)}"
        )
    dark = turned(color, 0.03, saturation=0.3, lightness=-0.28)
    return (
        f'<path fill="none" stroke="{dark}" stroke-opacity=".34" stroke-linecap="round" '
        f'stroke-width="{number(min(0.16, width / 14))}" d="{"".join(waves)}"/>'
    )


def _joints(inner_mm: float, outer_mm: float, count: int, random: Random) -> list[str]:
    seam = 0.05
    parts = []
    for index in range(count):
        low = 2 * math.pi * index / count
        high = low + random.uniform(-0.25, 0.25) * (outer_mm - inner_mm) / outer_mm
        corners = (
            (inner_mm, low - seam / inner_mm),
            (outer_mm, high - seam / outer_mm),
            (outer_mm, high + seam / outer_mm),
            (inner_mm, low + seam / inner_mm),
        )
        parts.append("M" + "L".join(polar(*corner) for corner in corners) + "Z")
    return parts
