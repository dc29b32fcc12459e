"""The cheap constraints: those that follow from the layout alone, and choosing by them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.feasibility.batch import judge
from prefect_luthier.rmos.feasibility.rules import RULES
from prefect_luthier.rmos.feasibility.spec_batch import Floats, SpecBatch
from prefect_luthier.rmos.search.fitting import fit
from prefect_luthier.rmos.search.idea import Idea
from prefect_luthier.rmos.search.problem import SearchProblem

CHEAP_RULES = (
    "edge_land", "land", "floor", "depth_most", "proud_least", "glue_gap_most", "tool_fit",
    "strip_least", "flute", "doc", "tile_pitch",
)  # fmt: skip
"""Arithmetic on a design's own lengths and the cutter's; no force, no work, no score."""


def cheap_margins(specs: Sequence[RosetteSpec], context: Context) -> Floats:
    """Return the margins of the cheap constraints, ``(N, len(CHEAP_RULES))``; below 0 blocks."""
    rules = {key: RULES[key] for key in CHEAP_RULES}
    outcomes = judge(SpecBatch.of(specs), context, rules).outcomes
    columns = []
    for key in CHEAP_RULES:
        margin = outcomes[key].margin
        column = margin.min(axis=1) if margin.ndim > 1 else margin
        columns.append(np.broadcast_to(column, (len(specs),)))
    return np.stack(columns, axis=1)


def plausible(problem: SearchProblem, ideas: Iterable[Idea]) -> list[RosetteSpec]:
    """Return the designs of ideas that no cheap constraint blocks; else the least blocked one."""
    drawn = [fit(problem, idea) for idea in ideas]
    shortfalls = np.minimum(cheap_margins(drawn, problem.context), 0.0).sum(axis=1)
    kept = [spec for spec, shortfall in zip(drawn, shortfalls, strict=True) if shortfall >= 0]
    return kept or [drawn[int(np.argmax(shortfalls))]]
