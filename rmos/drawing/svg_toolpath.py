"""The picture of a program: what the cutter sweeps at each depth, read from the program's text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.drawing.svg import BOARD_MARGIN, SOUNDBOARD
from prefect_luthier.rmos.drawing.svg_board import draw_board, draw_hole
from prefect_luthier.rmos.drawing.svg_markup import circle, darker, number
from prefect_luthier.rmos.geometry.radii import channels, outer_diameter_mm
from prefect_luthier.rmos.simulation.motion import Motion

_SWEPT = "#8a3b2a"
_RAMP, _RAPID, _PATH = "#1f5d8c", "#3f6b45", "#fff1dc"
_SAME_MM = 1e-3


def cut_levels_mm(motions: Iterable[Motion]) -> list[float]:
    """Return the depths at which a program cuts level, the uppermost first."""
    return sorted({round(m.end[2], 3) for m in motions if _is_level_cut(m)}, reverse=True)


def toolpath_svg(
    spec: RosetteSpec,
    context: Context,
    motions: Sequence[Motion],
    *,
    level_mm: float | None = None,
) -> str:
    """Return the drawing of a program over the soundboard, in millimetres; Y points up.

    The cutter's sweep is as wide as the cutter, so that a gap or a gouge would be seen. Ramps are
    blue, travel is dotted green.

    Args:
        spec: The design that is cut.
        context: Gives the cutter and the wood.
        motions: The program as its control reads it.
        level_mm: Depth to show alone; all of them, the deeper the darker, when there is none.
    """
    half = outer_diameter_mm(spec) / 2 * (1 + BOARD_MARGIN) + 1
    shown = [m for m in motions if level_mm is None or _reaches(m, level_mm)]
    levels = [level_mm] if level_mm is not None else cut_levels_mm(motions)
    board = context.material.color or SOUNDBOARD
    prefix = f"t{spec.digest[-8:]}"
    corner, side = number(-half), number(2 * half)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="toolpath" role="img" '
        f'viewBox="{corner} {corner} {side} {side}" width="{side}mm" height="{side}mm" '
        f'aria-labelledby="{prefix}-title"><title id="{prefix}-title">'
        f"{_title(context, levels)}</title>"
        f"{draw_board(half, board)}{draw_hole(spec.soundhole_diameter_mm / 2, board, prefix)}"
        f"{_targets(spec, board)}{_sweeps(shown, levels, context.tool.diameter_mm)}"
        f"{_ways(shown, context.tool.diameter_mm)}</svg>\n"
    )


def _title(context: Context, levels: Sequence[float]) -> str:
    depths = ", ".join(f"{number(-level)} mm" for level in levels)
    return f"Area swept by a {number(context.tool.diameter_mm)} mm cutter at {depths} depth"


def _is_level_cut(motion: Motion) -> bool:
    level = abs(motion.start[2] - motion.end[2]) < _SAME_MM
    return not motion.rapid and level and motion.end[2] < 0 and motion.flat_mm > 0


def _reaches(motion: Motion, level_mm: float) -> bool:
    if motion.rapid:
        return True
    return abs(motion.end[2] - level_mm) < _SAME_MM


def _targets(spec: RosetteSpec, board: str) -> str:
    """Draw the channels as they shall be, with their walls."""
    parts = []
    for channel in channels(spec):
        middle = (channel.inner_mm + channel.outer_mm) / 2
        parts.append(circle(middle, channel.width_mm, darker(board, 0.16), ' data-target=""'))
        parts += [
            circle(radius, 0.07, "#fff8ea") for radius in (channel.inner_mm, channel.outer_mm)
        ]
    return "".join(parts)


def _sweeps(motions: Sequence[Motion], levels: Sequence[float], diameter_mm: float) -> str:
    opacity = number(0.42 if len(levels) == 1 else max(0.12, 0.5 / max(1, len(levels))))
    parts = []
    for level in levels:
        cuts = [m for m in motions if _is_level_cut(m) and abs(m.end[2] - level) < _SAME_MM]
        if cuts:
            parts.append(
                f'<path data-level="{number(level)}" fill="none" stroke="{_SWEPT}" '
                f'stroke-opacity="{opacity}" stroke-width="{number(diameter_mm)}" '
                f'stroke-linecap="round" stroke-linejoin="round" d="{_path(cuts)}"/>'
            )
    return "".join(parts)


def _ways(motions: Sequence[Motion], diameter_mm: float) -> str:
    """Draw the centre's way: cuts, ramps, and travel between the channels."""
    thin = number(min(0.08, diameter_mm / 12))
    cuts = [m for m in motions if _is_level_cut(m)]
    ramps = [m for m in motions if not m.rapid and not _is_level_cut(m) and m.flat_mm > 0]
    travel = [m for m in motions if m.rapid and m.flat_mm > 0]
    return (
        f'<g fill="none" stroke-linecap="round"><path stroke="{_PATH}" stroke-width="{thin}" '
        f'd="{_path(cuts)}"/><path stroke="{_RAMP}" stroke-width="{number(3 * float(thin))}" '
        f'd="{_path(ramps)}"/><path stroke="{_RAPID}" stroke-width="{number(2 * float(thin))}" '
        f'stroke-dasharray="{number(0.6 * diameter_mm)} {number(diameter_mm)}" '
        f'd="{_path(travel)}"/></g>{_entries(ramps, diameter_mm)}'
    )


def _entries(ramps: Sequence[Motion], diameter_mm: float) -> str:
    """Draw the cutter where it enters the wood."""
    entries = [m for m in ramps if m.start[2] > 0]
    return "".join(
        f'<circle cx="{number(m.start[0])}" cy="{number(-m.start[1])}" '
        f'r="{number(diameter_mm / 2)}" fill="{_RAMP}" fill-opacity=".25" stroke="{_RAMP}" '
        f'stroke-width="{number(min(0.2, diameter_mm / 8))}"/>'
        for m in entries
    )


def _path(motions: Iterable[Motion]) -> str:
    """Return motions as one path; Y is turned over, because an SVG's points down."""
    parts: list[str] = []
    at: tuple[float, float] | None = None
    for motion in motions:
        start, end = motion.start[:2], motion.end[:2]
        if at is None or math.dist(at, start) > _SAME_MM:
            parts.append(f"M{_point(*start)}")
        parts.append(_arcs(motion) if motion.centre is not None else f"L{_point(*end)}")
        at = end
    return "".join(parts)


def _arcs(motion: Motion) -> str:
    """Return an arc in pieces of less than half a turn, which SVG draws without doubt."""
    (x, y), radius = motion.centre or (0.0, 0.0), motion.radius_mm
    begin = math.atan2(motion.start[1] - y, motion.start[0] - x)
    pieces = max(1, math.ceil(abs(motion.sweep) / (0.9 * math.pi)))
    flag = 0 if motion.sweep > 0 else 1
    parts = []
    for piece in range(1, pieces + 1):
        angle = begin + motion.sweep * piece / pieces
        end = (x + radius * math.cos(angle), y + radius * math.sin(angle))
        parts.append(f"A{number(radius)} {number(radius)} 0 0 {flag} {_point(*end)}")
    return "".join(parts)


def _point(x: float, y: float) -> str:
    return f"{number(x)} {number(-y)}"
