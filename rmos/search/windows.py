"""Where each number of a design can be made: scanned from the engine's own constraints.

Each number here is judged by rules that look at nothing else of the design, so a scan of one
design in which only that number varies says where it is blocked, warned of, and comfortable.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import Ring, RosetteSpec
from prefect_luthier.rmos.feasibility.batch import judge
from prefect_luthier.rmos.feasibility.measured import Outcome
from prefect_luthier.rmos.feasibility.rules import RULES
from prefect_luthier.rmos.feasibility.spec_batch import Booleans, Floats, SpecBatch
from prefect_luthier.rmos.feasibility.thresholds import load_thresholds
from prefect_luthier.rmos.search.policy import Customary, Interval

_STEP_MM = 0.005
_LARGEST_MM = 12.0
_DEEP_MM = 50.0


@dataclass(frozen=True)
class Window:
    """Where one number may lie, mm.

    Args:
        hard: Nothing blocks it, customary or not; None when something blocks it everywhere.
        allowed: Nothing blocks it, inside what is customary where that can be made.
        clean: Nothing warns of it either; the allowed window where that is nowhere.
        comfortable: Where its smallest margin is largest, or at least that of comfort.
        blocked_by: The codes that leave nothing; none where there is something.
    """

    hard: Interval | None
    allowed: Interval
    clean: Interval
    comfortable: Interval
    blocked_by: tuple[str, ...]


@dataclass(frozen=True)
class Windows:
    """The windows of all numbers that are judged one by one."""

    edge_land: Window
    depth: Window
    proud: Window
    glue_gap: Window
    depth_per_pass: Window
    land: Window
    strip: Window

    @property
    def impossible(self) -> dict[str, tuple[str, ...]]:
        """The numbers that are blocked everywhere, each with the codes that do it."""
        return {
            name.replace("_", " "): window.blocked_by
            for name, window in vars(self).items()
            if window.hard is None
        }


_Vary = Callable[[SpecBatch, Floats], SpecBatch]

_SCANS: dict[str, tuple[tuple[str, ...], _Vary]] = {
    "edge_land": (("edge_land",), lambda batch, x: replace(batch, edge_land_mm=x)),
    "depth": (
        ("floor", "depth_least", "depth_most", "flute", "envelope_height"),
        lambda batch, x: replace(batch, depth_mm=x),
    ),
    "proud": (
        ("proud_least", "proud_most"),
        lambda batch, x: replace(batch, inlay_mm=batch.depth_mm + x),
    ),
    "glue_gap": (
        ("glue_gap_least", "glue_gap_most"),
        lambda batch, x: replace(batch, gap_mm=x),
    ),
    "depth_per_pass": (
        ("doc", "deflect", "power"),
        lambda batch, x: replace(batch, pass_mm=x, depth_mm=np.full(len(x), _DEEP_MM)),
    ),
    "land": (
        ("land",),
        lambda batch, x: replace(batch, land_after_mm=np.stack([x, np.zeros(len(x))], axis=1)),
    ),
    "strip": (
        ("strip_least",),
        lambda batch, x: replace(batch, width_mm=np.stack([x, np.full(len(x), 50.0)], axis=1)),
    ),
}


def scan_windows(context: Context, custom: Customary) -> Windows:
    """Return the windows of a context, inside what is customary wherever that can be made."""
    usual = {
        "edge_land": custom.edge_land_mm,
        "depth": custom.depth_mm,
        "proud": custom.proud_mm,
        "glue_gap": custom.glue_gap_mm,
        "depth_per_pass": custom.pass_mm,
        "land": custom.land_mm,
        "strip": (custom.thinnest_mm, _LARGEST_MM),
    }
    return Windows(**{name: _scan(name, context, usual[name]) for name in _SCANS})


def _scan(name: str, context: Context, usual: Interval) -> Window:
    keys, vary = _SCANS[name]
    grid = np.arange(_STEP_MM, _LARGEST_MM, _STEP_MM)
    if name in ("proud", "glue_gap"):
        grid = np.concatenate([[0.0], grid])
    batch = vary(SpecBatch.of([probe(context)]).take(np.zeros(len(grid), dtype=int)), grid)
    outcomes = judge(batch, context, {key: RULES[key] for key in keys}).outcomes
    red, yellow, margin = _together(list(outcomes.values()))
    blocked = _codes_where_nearest(outcomes, margin)
    if red.all():
        return Window(None, usual, usual, usual, blocked)
    allowed = _inside(grid, ~red, usual)
    clean = _inside(grid, ~(red | yellow), allowed)
    within = (grid >= clean[0] - 1e-9) & (grid <= clean[1] + 1e-9)
    wished = min(1.0, float(margin[within].max()))
    comfortable = _span(grid[within & (margin >= wished)])
    return Window(_span(grid[~red]), allowed, clean, comfortable, blocked)


def probe(context: Context) -> RosetteSpec:
    """Return a plain design of two joined rings, in which one number at a time is varied."""
    ring = Ring(width_mm=5.0, material=context.material, land_after_mm=0.0)
    return RosetteSpec(
        soundhole_diameter_mm=context.soundhole_diameter_mm or 100.0,
        edge_land_mm=5.0,
        channel_depth_mm=1.0,
        inlay_thickness_mm=1.2,
        depth_per_pass_mm=0.5,
        rings=(ring, ring),
    )


def _together(outcomes: list[Outcome]) -> tuple[Booleans, Booleans, Floats]:
    red = np.any([_rows(each.is_red, np.any) for each in outcomes], axis=0)
    yellow = np.any([_rows(each.is_yellow, np.any) for each in outcomes], axis=0)
    margin = np.min([_rows(each.margin, np.min) for each in outcomes], axis=0)
    return red, yellow, margin


def _rows(values: Any, over: Callable[..., Any]) -> Any:
    return over(values, axis=1) if values.ndim > 1 else values


def _codes_where_nearest(outcomes: dict[str, Outcome], margin: Floats) -> tuple[str, ...]:
    """Return what blocks the value that comes nearest to being allowed."""
    nearest = int(np.argmax(margin))
    thresholds = load_thresholds()
    codes = (
        thresholds[key].code
        for key, each in outcomes.items()
        if np.broadcast_to(_rows(each.is_red, np.any), margin.shape)[nearest]
    )
    return tuple(dict.fromkeys(codes))


def _inside(grid: Floats, right: Booleans, wished: Interval) -> Interval:
    """Return the span of the right values inside the wished interval, else of all right ones.

    Where there are no right values at all, the wished interval stays.
    """
    within = right & (grid >= wished[0] - 1e-9) & (grid <= wished[1] + 1e-9)
    if within.any():
        return _span(grid[within])
    return _span(grid[right]) if right.any() else wished


def _span(values: Floats) -> Interval:
    return round(float(values.min()), 4), round(float(values.max()), 4)
