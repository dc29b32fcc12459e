"""Whether the cuts run in the direction that was asked for.

With a spindle that turns clockwise, the cut is climb milling when the wood is on the right of
the tool's way. A slot has wood on both sides and no direction.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from prefect_luthier.rmos.simulation.motion import Motion
from prefect_luthier.rmos.simulation.report import Finding
from prefect_luthier.rmos.simulation.target import Target

Side = tuple[Motion, float, float]
"""A motion, the area that it removed on its right, and all that it removed, mm²."""

_ONE_SIDED = 0.2
_AT_WALL_MM = 0.003


def climb_share(sides: Sequence[Side]) -> float | None:
    """Return the share of the removed area that was on the right, or None without arcs."""
    whole = sum(removed for _, _, removed in sides)
    return round(sum(right for _, right, _ in sides) / whole, 4) if whole else None


def direction_findings(
    sides: Sequence[Side], target: Target, tool_radius_mm: float, wanted: str | None
) -> list[Finding]:
    """Return the arcs that cut on the wrong side, or that follow a wall the wrong way."""
    if wanted is None:
        return []
    findings: list[Finding] = []
    for motion, right, removed in sides:
        on_right = right / removed
        against = 1 - on_right if wanted == "conventional" else on_right
        if against < _ONE_SIDED or _wrong_at_wall(motion, target, tool_radius_mm, wanted):
            findings.append(
                Finding(code="DIRECTION", line=motion.line, message=f"does not cut in {wanted}")
            )
    return findings


def _wrong_at_wall(motion: Motion, target: Target, tool_radius_mm: float, wanted: str) -> bool:
    """Return whether an arc that cuts one wall of a channel follows it the wrong way."""
    if motion.centre is None or math.hypot(*motion.centre) > _AT_WALL_MM:
        return False
    for inner, outer in target.walls_mm:
        at_inner = abs(motion.radius_mm - tool_radius_mm - inner) <= _AT_WALL_MM
        at_outer = abs(motion.radius_mm + tool_radius_mm - outer) <= _AT_WALL_MM
        if at_inner != at_outer:
            counter_clockwise = motion.sweep > 0
            return (counter_clockwise == at_outer) != (wanted == "climb")
    return False
