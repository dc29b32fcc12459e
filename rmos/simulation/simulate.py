"""Says what a program would do to the wood, from its text alone.

Nothing here is shared with the planner: the text is read as the control reads it, the target is
built from the design, and the tool's path is swept through the wood motion by motion.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.simulation.dialect_words import Dialect
from prefect_luthier.rmos.simulation.directions import climb_share, direction_findings
from prefect_luthier.rmos.simulation.interpreter import Interpretation, interpret
from prefect_luthier.rmos.simulation.replay import SAFE_HEIGHT_MM, Replay
from prefect_luthier.rmos.simulation.report import (
    Finding,
    LevelFigures,
    SimulationReport,
)
from prefect_luthier.rmos.simulation.stock import parts_outside, total_mm2
from prefect_luthier.rmos.simulation.target import TOLERANCE_MM, Target, target_of
from prefect_luthier.rmos.simulation.timing import run_time_s

MOST_UNCUT_SHARE = 0.001
_LEAST_GOUGE_MM2 = 1e-3
_UNDER_SURFACE_MM = -1e-3
_ORIGIN = shapely.Point(0.0, 0.0)


@dataclass(frozen=True)
class Job:
    """What a program is for.

    Args:
        spec: The design.
        context: Tool, machine, speeds.
        direction: ``climb``, ``conventional``, or None where it does not matter.
    """

    spec: RosetteSpec
    context: Context
    direction: str | None = None


def simulate(text: str, dialect: Dialect, job: Job) -> SimulationReport:
    """Return what a program does, with every reason not to run it."""
    meaning = interpret(text, dialect)
    target = target_of(job.spec)
    replay = Replay(job.context, job.spec.depth_per_pass_mm)
    replay.run(meaning.motions)
    gouge = _gouge_mm2(replay, target)
    floor = replay.stock.gone_at(TOLERANCE_MM - target.depth_mm)
    uncut = total_mm2(parts_outside(target.channels, floor))
    lowest = min((motion.lowest_mm for motion in meaning.motions), default=0.0)
    share = uncut / target.area_mm2
    findings = [
        *meaning.findings,
        *replay.findings,
        *_end_findings(meaning),
        *_area_findings(gouge, share, -lowest, target),
        *direction_findings(replay.sides, target, job.context.tool.diameter_mm / 2, job.direction),
    ]
    shares = sorted(replay.engagements)
    return SimulationReport(
        findings=tuple(findings),
        target_mm2=_rounded(target.area_mm2),
        gouge_mm2=_rounded(gouge),
        uncut_mm2=_rounded(uncut),
        uncut_share=_rounded(share, 6),
        wall_deviation_mm=_rounded(_wall_deviation_mm(floor, target), 4),
        max_depth_mm=_rounded(-min(lowest, 0.0), 4),
        max_stepdown_mm=_rounded(replay.max_stepdown_mm, 4),
        length_mm=_rounded(replay.length_mm),
        cutting_mm=_rounded(replay.cutting_mm),
        air_mm=_rounded(replay.length_mm - replay.cutting_mm),
        rapid_mm=_rounded(replay.rapid_mm),
        retracts=replay.retracts,
        engagement_mean=_rounded(_mean(shares), 4),
        engagement_p95=_rounded(_percentile(shares, 0.95), 4),
        climb_share=climb_share(replay.sides),
        arc_share=_rounded(replay.arc_mm / replay.length_mm if replay.length_mm else 0.0, 4),
        arc_error_mm=_rounded(meaning.arc_error_mm, 6),
        feed_max_mm_min=replay.feed_max_mm_min,
        time_s=_rounded(run_time_s(meaning.motions, job.context.machine), 1),
        levels=tuple(_levels(replay, target)),
    )


def _levels(replay: Replay, target: Target) -> Iterator[LevelFigures]:
    """Yield the figures for each height, the uppermost first."""
    stock = replay.stock
    for height in reversed(stock.heights_mm()):
        cut = stock.cut_at(height)
        covers = target.allowed if height > -target.depth_mm - TOLERANCE_MM else ()
        yield LevelFigures(
            z_mm=_rounded(height, 4),
            swept_mm2=_rounded(total_mm2(cut)),
            gouge_mm2=_rounded(_beyond_chords(total_mm2(parts_outside(cut, covers)))),
            uncut_mm2=_rounded(total_mm2(parts_outside(target.channels, stock.gone_at(height)))),
        )


def _gouge_mm2(replay: Replay, target: Target) -> float:
    """Return the area of all that was cut beside the channels or below them."""
    floor = -target.depth_mm - TOLERANCE_MM
    cut = replay.stock.gone_at(_UNDER_SURFACE_MM)
    cut += [area for low, area in replay.touched if low < _UNDER_SURFACE_MM]
    too_low = replay.stock.gone_at(floor) + [area for low, area in replay.touched if low < floor]
    outside = parts_outside(cut, target.allowed)
    if total_mm2(outside) < _LEAST_GOUGE_MM2 and not too_low:
        return 0.0
    return float(shapely.union_all([*outside, *too_low]).area)


def _beyond_chords(area_mm2: float) -> float:
    return 0.0 if area_mm2 < _LEAST_GOUGE_MM2 else area_mm2


def _area_findings(gouge: float, uncut: float, depth: float, target: Target) -> list[Finding]:
    findings: list[Finding] = []
    if depth > target.depth_mm + TOLERANCE_MM:
        message = f"cuts {depth:.3f} mm deep; {target.depth_mm:.3f} mm are wanted"
        findings.append(Finding(code="GOUGE", message=message))
    if gouge > 0:
        message = f"{gouge:.3f} mm² are cut that must stay"
        findings.append(Finding(code="GOUGE", message=message))
    if uncut > MOST_UNCUT_SHARE:
        message = f"{uncut:.2%} of the channels are not cut to their depth; 0.1 % may stay"
        findings.append(Finding(code="UNCUT", message=message))
    return findings


def _end_findings(meaning: Interpretation) -> list[Finding]:
    findings: list[Finding] = []
    if not meaning.ended:
        findings.append(Finding(code="UNSAFE_END", message="no M2 or M30 ends the program"))
    if meaning.motions and meaning.motions[-1].end[2] < SAFE_HEIGHT_MM:
        last = meaning.motions[-1]
        message = f"the program ends with the tool at Z{last.end[2]:.3f}"
        findings.append(Finding(code="UNSAFE_END", line=last.line, message=message))
    return findings


def _wall_deviation_mm(floor: list[BaseGeometry], target: Target) -> float:
    """Return how far the edge of what was cut lies from the wall it should follow, at most."""
    corners = shapely.get_coordinates([shapely.boundary(area) for area in floor])
    if not len(corners):
        return target.walls_mm[-1][1]
    radii = np.hypot(corners[:, 0], corners[:, 1])
    walls = np.array([radius for pair in target.walls_mm for radius in pair if radius > 0])
    if target.walls_mm[0][0] == 0:
        hole = target.channels[0].interiors[0].distance(_ORIGIN)
        radii = radii[radii > hole + TOLERANCE_MM]
    return float(np.abs(radii[:, None] - walls[None, :]).min(axis=1).max(initial=0.0))


def _mean(shares: list[tuple[float, float]]) -> float:
    length = sum(weight for _, weight in shares)
    return sum(share * weight for share, weight in shares) / length if length else 0.0


def _percentile(shares: list[tuple[float, float]], quantile: float) -> float:
    """Return the share that is not passed over the given part of the length."""
    wanted = quantile * sum(weight for _, weight in shares)
    for share, weight in shares:
        wanted -= weight
        if wanted <= 0:
            return share
    return 0.0


def _rounded(value: float, decimals: int = 3) -> float:
    return round(float(value), decimals) + 0.0
