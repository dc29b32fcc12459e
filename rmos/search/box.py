"""The box of numbers behind all designs of a problem: one point of it, one idea."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from prefect_luthier.rmos.search.idea import Idea, RingIdea
from prefect_luthier.rmos.search.policy import Customary, Interval
from prefect_luthier.rmos.search.problem import SearchProblem

Chosen = TypeVar("Chosen")

Point = NDArray[np.float64]
"""Shape (dimensions,), float64, each number from 0 to 1."""

WHOLE = ("rings", "soundhole", "radial", "edge", "depth", "proud", "gap", "pass", "mirror", "bound")
"""What the first numbers of a point decide."""

RING = ("width", "land", "pattern", "material", "tile", "taper")
"""What each ring's numbers decide."""

_EDGE_BOUND = 0.15  # share of the box in which the first ring lies at the hole
_JOINED = 0.55  # share in which a ring joins the next one
_MIRRORED = 0.75  # share in which the outer half repeats the inner one
_TAPERED = 0.75


@dataclass(frozen=True)
class Ranges:
    """Where a point's numbers lie in millimetres."""

    edge_land_mm: Interval
    depth_mm: Interval
    proud_mm: Interval
    glue_gap_mm: Interval
    pass_mm: Interval
    land_mm: Interval

    @classmethod
    def customary(cls, custom: Customary) -> Ranges:
        """Return the ranges that are usual in rosettes, whatever wood, tool and machine are."""
        return cls(
            edge_land_mm=custom.edge_land_mm,
            depth_mm=custom.depth_mm,
            proud_mm=custom.proud_mm,
            glue_gap_mm=custom.glue_gap_mm,
            pass_mm=custom.pass_mm,
            land_mm=custom.land_mm,
        )

    @classmethod
    def makeable(cls, problem: SearchProblem) -> Ranges:
        """Return the ranges in which nothing warns, or at least nothing blocks."""
        windows = problem.windows
        return cls(
            edge_land_mm=windows.edge_land.clean,
            depth_mm=windows.depth.clean,
            proud_mm=windows.proud.clean,
            glue_gap_mm=windows.glue_gap.clean,
            pass_mm=windows.depth_per_pass.clean,
            land_mm=windows.land.clean,
        )


def dimensions(problem: SearchProblem) -> int:
    """Return how many numbers a point of the problem's box has."""
    return len(WHOLE) + len(RING) * problem.rings[1]


def ring_count(problem: SearchProblem, point: Point) -> int:
    """Return how many rings a point stands for."""
    return _chosen(range(problem.rings[0], problem.rings[1] + 1), float(point[0]))


def idea_at(problem: SearchProblem, point: Point, ranges: Ranges) -> Idea:
    """Return the idea that a point of the box stands for."""
    whole = dict(zip(WHOLE, point.tolist(), strict=False))
    count = ring_count(problem, point)
    rings = [_ring_at(problem, point, index, ranges) for index in range(count)]
    if whole["mirror"] < _MIRRORED:
        rings = _mirrored(rings)
    return Idea(
        rings=tuple(rings),
        soundhole_mm=_between(problem.soundhole_mm, whole["soundhole"]),
        radial_mm=_between(problem.radial_mm, whole["radial"]),
        edge_land_mm=0.0
        if whole["bound"] < _EDGE_BOUND
        else _between(ranges.edge_land_mm, whole["edge"]),
        depth_mm=_between(ranges.depth_mm, whole["depth"]),
        proud_mm=_between(ranges.proud_mm, whole["proud"]),
        glue_gap_mm=_between(ranges.glue_gap_mm, whole["gap"]),
        pass_mm=_between(ranges.pass_mm, whole["pass"]),
    )


def _ring_at(problem: SearchProblem, point: Point, index: int, ranges: Ranges) -> RingIdea:
    start = len(WHOLE) + len(RING) * index
    own = dict(zip(RING, point[start : start + len(RING)].tolist(), strict=True))
    pattern = _chosen(problem.patterns, own["pattern"])
    custom = problem.policy.patterns[pattern]
    joined = own["land"] < _JOINED
    return RingIdea(
        width_mm=_between(custom.width_mm, own["width"]),
        pattern=pattern,
        material=_chosen(problem.materials_of[pattern], own["material"]),
        land_after_mm=0.0
        if joined
        else _between(ranges.land_mm, (own["land"] - _JOINED) / (1 - _JOINED)),
        tile_length_mm=_between(custom.tile_mm, own["tile"]) if custom.tile_mm else None,
        tapered=own["taper"] < _TAPERED,
    )


def _mirrored(rings: list[RingIdea]) -> list[RingIdea]:
    """Return rings whose outer half repeats the inner half, lands included."""
    count = len(rings)
    half = rings[: (count + 1) // 2]
    whole = half + half[::-1][count % 2 :]
    # The land after a ring of the inner half is the land before its twin.
    lands = [ring.land_after_mm for ring in half][: count // 2]
    gaps = (lands + lands[::-1][1 - count % 2 :]) if count > 1 else []
    return [
        replace(ring, land_after_mm=land) for ring, land in zip(whole, [*gaps, 0.0], strict=True)
    ]


def _between(interval: Interval, share: float) -> float:
    low, high = interval
    return low + (high - low) * share


def _chosen(choices: Sequence[Chosen], share: float) -> Chosen:
    return choices[min(int(share * len(choices)), len(choices) - 1)]
