"""Which circles clear a channel, in which order and direction, and in how many passes."""

from __future__ import annotations

import math
from dataclasses import dataclass

from prefect_luthier.errors import LuthierError
from prefect_luthier.rmos.geometry.radii import Channel
from prefect_luthier.rmos.toolpaths.options import RESOLUTION_MM, CutOptions

COUNTER_CLOCKWISE = 1
CLOCKWISE = -1

LEAST_OVERCUT_MM = 0.1
"""How far an edge-bound channel is cut into the waste, at least: a hole that is sawn a little
too small must not leave a rim of full height."""

MOST_OVERCUT_SHARE = 0.25
"""How far at most, as a share of the tool's diameter."""


@dataclass(frozen=True)
class Circle:
    """One turn of the tool's centre around the soundhole's.

    Args:
        radius_mm: Radius of the tool's centre.
        turn: +1 counter-clockwise, -1 clockwise, seen from above.
    """

    radius_mm: float
    turn: int


def pass_count(depth_mm: float, per_pass_mm: float) -> int:
    """Return how many passes a depth needs."""
    return max(1, math.ceil(depth_mm / per_pass_mm - 1e-9))


def levels_mm(depth_mm: float, per_pass_mm: float) -> tuple[float, ...]:
    """Return the heights of the passes, all of the same depth: ``(-0.75, -1.5)``."""
    count = pass_count(depth_mm, per_pass_mm)
    return tuple(-depth_mm * (index + 1) / count for index in range(count))


def circle_count(span_mm: float, step_mm: float) -> int:
    """Return how many circles cover a span of tool centres with steps of at most ``step_mm``."""
    if span_mm <= RESOLUTION_MM:
        return 1
    return 1 + math.ceil(span_mm / step_mm - 1e-6)


def channel_circles(
    channel: Channel, diameter_mm: float, options: CutOptions
) -> tuple[Circle, ...]:
    """Return the circles of one level, in cutting order.

    A slot is opened beside the inner wall and widened outwards, so that every further cut has its
    stock on one side only. The walls come last, with half a step to a step of stock left on them:
    first the outer one, then the inner one, each in the direction that was asked for.

    With two circles the slot is itself the inner wall's cut; with one it is both walls'.

    Raises:
        LuthierError: The tool is wider than the channel (``tool-too-wide``).
    """
    step = options.stepover * diameter_mm
    inner, outer = _centre_range(channel, diameter_mm, step)
    outwards = COUNTER_CLOCKWISE if options.direction == "climb" else CLOCKWISE
    count = circle_count(outer - inner, step)
    if count == 1:
        return (Circle((inner + outer) / 2, outwards),)
    walls = (Circle(outer, outwards), Circle(inner, -outwards))
    if count == 2:  # noqa: PLR2004 - the slot and the other wall
        return walls[::-1]
    stock = (outer - inner - (count - 3) * step) / 2
    roughing = (Circle(inner + stock + index * step, outwards) for index in range(count - 2))
    return (*roughing, *walls)


def _centre_range(channel: Channel, diameter_mm: float, step_mm: float) -> tuple[float, float]:
    """Return the least and the largest radius of the tool's centre."""
    radius = diameter_mm / 2
    outer = channel.outer_mm - radius
    inner = channel.inner_mm + radius
    if channel.edge_bound:
        inner = _over_the_edge(inner, outer, diameter_mm, step_mm)
    elif inner > outer + RESOLUTION_MM:
        raise LuthierError(
            "tool-too-wide",
            f"the tool of {diameter_mm:g} mm does not fit into the channel of "
            f"{channel.width_mm:.3f} mm between radius {channel.inner_mm:.3f} and "
            f"{channel.outer_mm:.3f} mm.",
            "Take a thinner tool, or widen the rings of this channel.",
        )
    if min(inner, outer) <= RESOLUTION_MM:
        raise LuthierError(
            "no-room-to-turn",
            f"a tool of {diameter_mm:g} mm cannot turn inside a channel that ends at radius "
            f"{channel.outer_mm:.3f} mm.",
            "Take a thinner tool, or check that the soundhole is given in millimetres.",
        )
    return inner, outer


def _over_the_edge(inner: float, outer: float, diameter_mm: float, step_mm: float) -> float:
    """Return the least centre radius of an edge-bound channel, a little way into the waste.

    It takes what the last circle can reach beyond the least overcut without one more circle.
    """
    count = circle_count(outer - inner + LEAST_OVERCUT_MM, step_mm)
    reach = inner - outer + (count - 1) * step_mm
    overcut = max(LEAST_OVERCUT_MM, min(reach, MOST_OVERCUT_SHARE * diameter_mm))
    return min(outer, max(inner - overcut, diameter_mm / 2))
