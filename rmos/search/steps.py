"""Steps from good designs to neighbouring ones."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from prefect_luthier.rmos.search.idea import Idea, RingIdea
from prefect_luthier.rmos.search.policy import Interval
from prefect_luthier.rmos.search.problem import SearchProblem

Random = np.random.Generator

_PARENT_DECAY = 0.5  # the best is the parent of half of the steps, the next of a quarter …
_SMALLEST, _LARGEST = 0.02, 0.35  # of a number's range
_NUMBERS_SHARE = 0.6  # of the steps, that move numbers
_RINGS_SHARE = 0.6  # of the steps, that change rings; some do both
_MOVED_SHARE = 0.35  # of the numbers, that a step moves
_FOLLOWING_SHARE = 0.3  # of the moves, that go where other good designs differ
_FOLLOWED = 0.7  # of that difference
_REBOUND_SHARE = 0.1  # of the steps, that bind the first ring to the hole, or part it
_TAPERED_SHARE = 0.7
_REMOVAL_SHARE = 0.6


def step(problem: SearchProblem, parents: Sequence[Idea], random: Random) -> Idea:
    """Return a neighbour of one of the parents, which are given best first."""
    rank = min(int(random.geometric(_PARENT_DECAY)) - 1, len(parents) - 1)
    idea = parents[rank]
    kind = random.random()
    if kind < _NUMBERS_SHARE:
        idea = _numbers(problem, idea, parents, random)
    if kind > 1 - _RINGS_SHARE:
        change = _RING_STEPS[int(random.integers(len(_RING_STEPS)))]
        idea = replace(idea, rings=change(problem, idea.rings, random))
    return idea


def _numbers(problem: SearchProblem, idea: Idea, parents: Sequence[Idea], random: Random) -> Idea:
    """Move some of the numbers: at random, or as one good design differs from another."""
    ranges = _ranges(problem)
    names = list(ranges)
    chosen = [name for name in names if random.random() < _MOVED_SHARE] or [
        names[int(random.integers(len(names)))]
    ]
    changes: dict[str, float] = {}
    scale = _SMALLEST * (_LARGEST / _SMALLEST) ** random.random()
    one, other = (parents[int(random.integers(len(parents)))] for _ in range(2))
    follows = random.random() < _FOLLOWING_SHARE
    for name in chosen:
        low, high = ranges[name]
        value = getattr(idea, name)
        if follows:
            value += _FOLLOWED * (getattr(one, name) - getattr(other, name))
        else:
            value += scale * (high - low) * random.standard_normal()
        changes[name] = min(max(value, low), high)
    if idea.edge_land_mm == 0:
        changes.pop("edge_land_mm", None)
    if random.random() < _REBOUND_SHARE:
        changes["edge_land_mm"] = (
            0.0 if idea.edge_land_mm > 0 else float(random.uniform(*ranges["edge_land_mm"]))
        )
    return replace(idea, **changes)  # type: ignore[arg-type]


def _ranges(problem: SearchProblem) -> dict[str, Interval]:
    windows = problem.windows
    return {
        "depth_mm": windows.depth.allowed,
        "proud_mm": windows.proud.allowed,
        "glue_gap_mm": windows.glue_gap.allowed,
        "pass_mm": windows.depth_per_pass.allowed,
        "edge_land_mm": windows.edge_land.allowed,
        "soundhole_mm": problem.soundhole_mm,
        "radial_mm": problem.radial_mm,
    }


Rings = tuple[RingIdea, ...]
RingStep = Callable[[SearchProblem, Rings, Random], Rings]


def _is_mirrored(rings: Rings) -> bool:
    kinds = [(ring.pattern, ring.material) for ring in rings]
    return kinds == kinds[::-1]


def _with(rings: Rings, index: int, **changes: object) -> Rings:
    """Change a ring, and its twin in a symmetrical rosette."""
    touched = {index, len(rings) - 1 - index} if _is_mirrored(rings) else {index}
    return tuple(
        replace(ring, **changes) if place in touched else ring  # type: ignore[arg-type]
        for place, ring in enumerate(rings)
    )


def _any(rings: Rings, random: Random) -> int:
    return int(random.integers(len(rings)))


def _resize(_: SearchProblem, rings: Rings, random: Random) -> Rings:
    index = _any(rings, random)
    return _with(rings, index, width_mm=rings[index].width_mm * float(random.lognormal(0, 0.4)))


def _repattern(problem: SearchProblem, rings: Rings, random: Random) -> Rings:
    index = _any(rings, random)
    pattern = problem.patterns[int(random.integers(len(problem.patterns)))]
    custom = problem.policy.patterns[pattern]
    suited = problem.materials_of[pattern]
    material = rings[index].material
    if material not in suited:
        material = suited[int(random.integers(len(suited)))]
    tile = None if custom.tile_mm is None else float(random.uniform(*custom.tile_mm))
    width = float(random.uniform(*custom.width_mm))
    return _with(
        rings, index, pattern=pattern, material=material, tile_length_mm=tile, width_mm=width
    )


def _rematerial(problem: SearchProblem, rings: Rings, random: Random) -> Rings:
    index = _any(rings, random)
    suited = problem.materials_of[rings[index].pattern]
    return _with(rings, index, material=suited[int(random.integers(len(suited)))])


def _reland(problem: SearchProblem, rings: Rings, random: Random) -> Rings:
    """Join two channels, or part one."""
    index = int(random.integers(max(1, len(rings) - 1)))
    land = (
        0.0
        if rings[index].land_after_mm > 0
        else float(random.uniform(*problem.windows.land.clean))
    )
    return tuple(
        replace(ring, land_after_mm=land) if place == index else ring
        for place, ring in enumerate(rings)
    )


def _join(_: SearchProblem, rings: Rings, __: Random) -> Rings:
    return tuple(replace(ring, land_after_mm=0.0) for ring in rings)


def _retile(problem: SearchProblem, rings: Rings, random: Random) -> Rings:
    index = _any(rings, random)
    tile = problem.policy.patterns[rings[index].pattern].tile_mm
    if tile is None:
        return _resize(problem, rings, random)
    return _with(
        rings,
        index,
        tile_length_mm=float(random.uniform(*tile)),
        tapered=random.random() < _TAPERED_SHARE,
    )


def _recount(problem: SearchProblem, rings: Rings, random: Random) -> Rings:
    """Take a ring out, or repeat one, within the wanted count."""
    low, high = problem.rings
    index = _any(rings, random)
    if len(rings) > low and (len(rings) >= high or random.random() < _REMOVAL_SHARE):
        return rings[:index] + rings[index + 1 :]
    return rings[: index + 1] + rings[index:] if len(rings) < high else rings


_RING_STEPS: tuple[RingStep, ...] = (
    _resize, _repattern, _rematerial, _reland, _join, _retile, _recount,
)  # fmt: skip
