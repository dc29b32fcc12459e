"""Sketching a rosette from nothing, inside what single constraints allow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from prefect_luthier.rmos.search.box import Ranges, dimensions, idea_at
from prefect_luthier.rmos.search.idea import Idea
from prefect_luthier.rmos.search.policy import Interval
from prefect_luthier.rmos.search.problem import SearchProblem

_COMFORT_SHARE = 0.7  # of the numbers that are drawn where they are comfortable
_JOINED_SHARE = 0.5  # of the sketches whose rings share one channel


def sketch(problem: SearchProblem, random: np.random.Generator) -> Idea:
    """Return a random idea: numbers mostly where they are comfortable, always where allowed."""
    idea = idea_at(problem, random.random(dimensions(problem)), Ranges.makeable(problem))
    windows = problem.windows
    changes: dict[str, float] = {}
    for name, window in (
        ("depth_mm", windows.depth),
        ("proud_mm", windows.proud),
        ("glue_gap_mm", windows.glue_gap),
        ("pass_mm", windows.depth_per_pass),
        ("edge_land_mm", windows.edge_land),
    ):
        if random.random() < _COMFORT_SHARE and getattr(idea, name) > 0:
            changes[name] = _drawn(window.comfortable, random)
    idea = replace(idea, **changes)  # type: ignore[arg-type]
    if random.random() < _JOINED_SHARE:
        idea = replace(idea, rings=tuple(replace(ring, land_after_mm=0.0) for ring in idea.rings))
    return idea


def _drawn(interval: Interval, random: np.random.Generator) -> float:
    return float(random.uniform(*interval))
