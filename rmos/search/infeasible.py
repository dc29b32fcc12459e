"""Proofs that a problem has no solution, found before anything is tried."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.feasibility.batch import judge
from prefect_luthier.rmos.feasibility.measured import Outcome
from prefect_luthier.rmos.feasibility.rules import RULES
from prefect_luthier.rmos.feasibility.spec_batch import SpecBatch
from prefect_luthier.rmos.feasibility.thresholds import load_thresholds
from prefect_luthier.rmos.search.problem import SearchProblem
from prefect_luthier.rmos.search.result import Binding
from prefect_luthier.rmos.search.windows import probe

_FIXED_RULES = (
    "soundboard_wood", "chipload_least", "chipload_most", "chipload_extreme", "plunge",
    "plunge_axis", "spindle_least", "spindle_most", "envelope_feed",
)  # fmt: skip
"""Rules that look at the context alone."""


def proof(problem: SearchProblem) -> tuple[Binding, ...]:
    """Return why no design can be allowed; nothing when that cannot be proven.

    Each reason alone is enough. Only necessary conditions are used: what the context fixes, what
    blocks a number everywhere, and how much room the fewest rings and the cutter need.
    """
    return (*_no_choice(problem), *_no_number(problem), *_no_context(problem), *_no_room(problem))


def _no_choice(problem: SearchProblem) -> Iterator[Binding]:
    if not problem.materials_of:
        message = "No wanted pattern can be made of a wanted material."
        yield Binding("INTENT", proven=True, message=message)


def _no_number(problem: SearchProblem) -> Iterator[Binding]:
    for name, codes in problem.windows.impossible.items():
        for code in codes:
            message = f"Under this context there is no {name} that {code} allows."
            yield Binding(code, proven=True, message=message)


def _no_context(problem: SearchProblem) -> Iterator[Binding]:
    """Name the rules that block every design because they look at the context alone."""
    thresholds = load_thresholds()
    batch = SpecBatch.of([_smallest(problem)])
    rules = {key: RULES[key] for key in (*_FIXED_RULES, "envelope_plane")}
    for key, outcome in judge(batch, problem.context, rules).outcomes.items():
        if not np.any(outcome.is_red):
            continue
        threshold = thresholds[key]
        measured, limit = _figures(outcome, threshold.red.value if threshold.red else np.nan)
        yield Binding(
            threshold.code,
            proven=True,
            message=f"Whatever the design, {threshold.measures}: "
            f"{f'{measured:.6g} {threshold.unit}'.rstrip()}; the limit is "
            f"{f'{limit:.6g} {threshold.unit}'.rstrip()}.",
            measured=measured,
            limit=limit,
            unit=threshold.unit,
        )


def _figures(outcome: Outcome, limit: float) -> tuple[float, float]:
    value = float(np.max(np.asarray(outcome.measured.value, dtype=float)))
    return value, limit * float(np.max(np.asarray(outcome.measured.base, dtype=float)))


def _smallest(problem: SearchProblem) -> RosetteSpec:
    """Return a design no larger than any that the problem allows: one edge-bound ring."""
    hole_mm = problem.soundhole_mm[0]
    if problem.target_mm is None:
        width_mm = problem.rings[0] * _thinnest_mm(problem)
    else:
        width_mm = max((problem.target_mm - hole_mm) / 2, _thinnest_mm(problem))
    plain = probe(problem.context)
    return plain.model_copy(
        update={
            "soundhole_diameter_mm": hole_mm,
            "edge_land_mm": 0.0,
            "glue_gap_mm": 0.0,
            "rings": (plain.rings[0].model_copy(update={"width_mm": width_mm}),),
        }
    )


def _thinnest_mm(problem: SearchProblem) -> float:
    return problem.windows.strip.hard[0] if problem.windows.strip.hard else 0.0


def _no_room(problem: SearchProblem) -> Iterator[Binding]:
    target, hole_mm = problem.target_mm, problem.soundhole_mm[0]
    if target is not None and target <= hole_mm:
        yield Binding(
            "RADII_ORDER",
            proven=True,
            message=f"The wanted diameter of {target:g} mm is not larger than the soundhole's "
            f"{hole_mm:g} mm.",
            measured=target,
            limit=hole_mm,
            unit="mm",
        )
        return
    yield from _no_room_for_rings(problem)
    yield from _no_room_for_cutter(problem)


def _no_room_for_rings(problem: SearchProblem) -> Iterator[Binding]:
    room_mm, fewest, thinnest_mm = problem.radial_mm[1], problem.rings[0], _thinnest_mm(problem)
    if room_mm < fewest * thinnest_mm:
        yield Binding(
            "LINE_MIN",
            proven=True,
            message=f"{fewest} rings of at least {thinnest_mm:g} mm do not fit into the "
            f"{room_mm:.4g} mm from soundhole to outer edge.",
            measured=room_mm / fewest,
            limit=thinnest_mm,
            unit="mm",
        )


def _no_room_for_cutter(problem: SearchProblem) -> Iterator[Binding]:
    """Compare the cutter with the widest channel: all rings in one, at the hole or not."""
    windows, room_mm = problem.windows, problem.radial_mm[1]
    gap_mm = windows.glue_gap.hard[1] if windows.glue_gap.hard else 0.0
    edge_mm = windows.edge_land.hard[0] if windows.edge_land.hard else room_mm
    widest_mm = max(room_mm + gap_mm, room_mm - edge_mm + 2 * gap_mm)
    tool = problem.context.tool
    cutter_mm = tool.diameter_mm + tool.runout_mm
    if cutter_mm > widest_mm:
        yield Binding(
            "TOOL_FIT",
            proven=True,
            message=f"The widest channel that fits is {widest_mm:.4g} mm; the cutter needs "
            f"{cutter_mm:.4g} mm.",
            measured=cutter_mm,
            limit=widest_mm,
            unit="mm",
        )
