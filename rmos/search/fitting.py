"""Fitting an idea to its problem: ring count, choices, and widths that sum up exactly."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from prefect_luthier.rmos.design.spec import TILED_PATTERNS, Ring, RosetteSpec
from prefect_luthier.rmos.search.idea import Idea, RingIdea
from prefect_luthier.rmos.search.policy import Interval
from prefect_luthier.rmos.search.problem import SearchProblem
from prefect_luthier.rmos.search.variety import varied

_DECIMALS = 2  # of a width on a drawing
_FINE_DECIMALS = 4  # of what makes a sum come out
_THINNEST_INLAY_MM = 0.05  # an idea may want less than nothing; the engine judges what is left


def fit(problem: SearchProblem, idea: Idea) -> RosetteSpec:
    """Return the design nearest to an idea that has what the problem fixes and its intent binds.

    Whether it can be made is not looked at: that is the feasibility engine's part.

    Raises:
        ValueError: The problem offers no choice (see `infeasible.proof`), or the idea has no
            ring or a number that is not finite and positive where it must be.
    """
    rings = with_choices(problem, _counted(problem, idea.rings))
    least = problem.policy.customary.thinnest_mm * len(rings)
    soundhole_mm, radial_mm = _sizes(problem, idea, rings)
    lands = _lands(rings, radial_mm - least)
    edge_land_mm = _edge_land_mm(problem, idea.edge_land_mm, radial_mm - least - sum(lands))
    widths = _widths(problem, rings, radial_mm - edge_land_mm - sum(lands))
    return RosetteSpec(
        soundhole_diameter_mm=soundhole_mm,
        edge_land_mm=edge_land_mm,
        channel_depth_mm=round(idea.depth_mm, 3),
        inlay_thickness_mm=round(max(idea.depth_mm + idea.proud_mm, _THINNEST_INLAY_MM), 3),
        glue_gap_mm=round(idea.glue_gap_mm, 3),
        depth_per_pass_mm=round(idea.pass_mm, 3),
        rings=tuple(
            _ring(ring, width, land) for ring, width, land in zip(rings, widths, lands, strict=True)
        ),
    )


def _counted(problem: SearchProblem, rings: Sequence[RingIdea]) -> list[RingIdea]:
    """Return as many rings as are wanted: the last are left out, or the outermost repeated."""
    if not rings:
        raise ValueError("a rosette needs at least one ring")
    fewest, most = problem.rings
    kept = list(rings[:most])
    return kept + [replace(kept[-1], land_after_mm=0.0)] * (fewest - len(kept))


def with_choices(problem: SearchProblem, rings: Sequence[RingIdea]) -> list[RingIdea]:
    """Return the rings with patterns and materials that are wanted, as varied as is wanted."""
    if not problem.materials_of:
        raise ValueError("no wanted pattern can be made of a wanted material")
    wished = [(ring.pattern, ring.material) for ring in rings]
    half = (len(rings) + 1) // 2
    needed = max(problem.pattern_variety[0], problem.material_variety[0])
    if wished == wished[::-1] and half >= needed:
        outer = varied(problem, wished[:half])
        choices = outer + outer[::-1][len(rings) % 2 :]
    else:
        choices = varied(problem, wished)
    return [
        replace(ring, pattern=pattern, material=material)
        for ring, (pattern, material) in zip(rings, choices, strict=True)
    ]


def _sizes(problem: SearchProblem, idea: Idea, rings: Sequence[RingIdea]) -> Interval:
    """Return the soundhole's diameter and the distance from it to the outer edge."""
    low, high = problem.soundhole_mm
    summed = idea.edge_land_mm + sum(ring.width_mm + ring.land_after_mm for ring in rings)
    wished = summed - rings[-1].land_after_mm if idea.radial_mm is None else idea.radial_mm
    if problem.target_mm is None:
        soundhole = low if low == high else round(_within(idea.soundhole_mm, low, high), 1)
        return soundhole, round(_within(wished, *problem.radial_mm), _DECIMALS)
    if low == high:
        return low, (problem.target_mm - low) / 2
    soundhole = round(_within(problem.target_mm - 2 * wished, low, high), 1)
    soundhole = _within(soundhole, low, high)
    return soundhole, (problem.target_mm - soundhole) / 2


def _within(value: float, low: float, high: float) -> float:
    return min(max(value, low), high)


def _lands(rings: Sequence[RingIdea], room_mm: float) -> list[float]:
    """Return the lands after the rings, leaving out the largest until the rest fits."""
    lands = [round(max(0.0, ring.land_after_mm), _DECIMALS) for ring in rings]
    lands[-1] = 0.0
    while sum(lands) > room_mm and any(lands):
        lands[lands.index(max(lands))] = 0.0
    return lands


def _edge_land_mm(problem: SearchProblem, wished_mm: float, room_mm: float) -> float:
    """Return the land at the hole; where there is too little room for one, there is none."""
    if wished_mm <= 0 or room_mm <= 0:
        return 0.0
    if wished_mm <= room_mm:
        return round(wished_mm, _DECIMALS)
    least = problem.windows.edge_land.hard
    return round(room_mm, _DECIMALS) if least and room_mm >= least[0] else 0.0


def _widths(problem: SearchProblem, rings: Sequence[RingIdea], room_mm: float) -> list[float]:
    """Return widths in the wished proportions that fill the room exactly.

    Each stays within what is usual for its pattern as long as all of them can.
    """
    if room_mm <= 0:
        raise ValueError(f"{room_mm:.3f} mm are left for the rings")
    bounds = [problem.policy.patterns[ring.pattern].width_mm for ring in rings]
    wished = [max(ring.width_mm, 1e-3) for ring in rings]
    widths = proportional(wished, bounds, room_mm, problem.policy.customary.thinnest_mm)
    widths = [round(width, _DECIMALS) for width in widths]
    widest = _widest(widths)
    rest = room_mm - (sum(widths) - widths[widest])
    if rest <= 0:
        return [room_mm / len(widths)] * len(widths)
    widths[widest] = round(rest, _FINE_DECIMALS)
    return widths


def _widest(widths: Sequence[float]) -> int:
    """Return the index of the widest ring, of several the most central one."""
    middle = (len(widths) - 1) / 2
    return max(range(len(widths)), key=lambda index: (widths[index], -abs(index - middle)))


def proportional(
    wished: Sequence[float], bounds: Sequence[Interval], total: float, thinnest: float = 0.0
) -> list[float]:
    """Return numbers that sum up to ``total``, in the wished proportions within their bounds.

    Where that is too little for the lower bounds, all of them give way alike, down to the
    thinnest and no further while the total allows it; where it is too much, all are stretched.
    """
    lowest, highest = sum(low for low, _ in bounds), sum(high for _, high in bounds)
    if total >= highest:
        return [high * total / highest for _, high in bounds]
    if total <= lowest:
        floors = [min(thinnest, low) for low, _ in bounds]
        if total <= sum(floors):
            return [total / len(floors)] * len(floors)
        share = (total - sum(floors)) / (lowest - sum(floors))
        return [
            floor + (low - floor) * share for floor, (low, _) in zip(floors, bounds, strict=True)
        ]
    small = min(low / wish for wish, (low, _) in zip(wished, bounds, strict=True))
    large = max(high / wish for wish, (_, high) in zip(wished, bounds, strict=True))
    for _ in range(60):
        scale = (small + large) / 2
        found = [
            _within(wish * scale, low, high)
            for wish, (low, high) in zip(wished, bounds, strict=True)
        ]
        small, large = (scale, large) if sum(found) < total else (small, scale)
    return found


def _ring(idea: RingIdea, width_mm: float, land_mm: float) -> Ring:
    tiled = idea.pattern in TILED_PATTERNS
    tile_mm = max(0.1, idea.tile_length_mm or width_mm) if tiled else None
    return Ring(
        width_mm=width_mm,
        land_after_mm=land_mm,
        pattern=idea.pattern,
        tile_length_mm=None if tile_mm is None else round(tile_mm, _FINE_DECIMALS),
        tile_tapered=tiled and idea.tapered,
        material=idea.material,
    )
