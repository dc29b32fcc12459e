"""What a search has to solve: what a context fixes, what it leaves free, what intent binds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from prefect_luthier.rmos.design.context import Context, Intent
from prefect_luthier.rmos.design.spec import Pattern, RosetteSpec
from prefect_luthier.rmos.library.library import Library
from prefect_luthier.rmos.search.policy import Counts, Interval, Policy
from prefect_luthier.rmos.search.windows import Windows, scan_windows

TARGET_TOLERANCE_MM = 0.02

_ALL_PATTERNS: tuple[Pattern, ...] = (
    "line", "herringbone", "rope", "mosaic", "solid", "tiles", "shell",
)  # fmt: skip


@dataclass(frozen=True)
class SearchProblem:
    """A context, with everything resolved that a generator must keep to.

    Args:
        context: What designs are judged under.
        policy: Limits and customs.
        rings: Fewest and most rings.
        materials_of: The patterns that may be used, each with the materials that it may have.
        pattern_variety: Fewest and most different patterns.
        material_variety: Fewest and most different materials.
        soundhole_mm: Where the diameter of the soundhole may lie; one value if it is fixed.
        radial_mm: Where the distance from hole to outer edge may lie; one value if it is fixed.
        windows: Where each number can be made.
        seed: Determines every proposal.
    """

    context: Context
    policy: Policy
    rings: Counts
    materials_of: dict[Pattern, tuple[str, ...]]
    pattern_variety: Counts
    material_variety: Counts
    soundhole_mm: Interval
    radial_mm: Interval
    windows: Windows
    seed: int = 0

    @property
    def patterns(self) -> tuple[Pattern, ...]:
        """The patterns that may be used."""
        return tuple(self.materials_of)

    @property
    def materials(self) -> tuple[str, ...]:
        """The materials that may be used, each once."""
        return tuple(dict.fromkeys(each for of in self.materials_of.values() for each in of))

    @property
    def target_mm(self) -> float | None:
        """The outer diameter that every design must have, if one is wanted."""
        return self.context.target_diameter_mm

    def departures(self, spec: RosetteSpec) -> tuple[str, ...]:
        """Return how a design departs from what binds it; a result must have none."""
        return tuple(_departures(self, spec))


def state_problem(
    context: Context, policy: Policy, library: Library, seed: int = 0
) -> SearchProblem:
    """Return the problem that a context states.

    Wishes that cannot be met together, such as a palette in which no wanted pattern can be made,
    show as empty choices; `infeasible.proof` names them.
    """
    intent = context.intent
    richness = policy.richness(intent.complexity)
    materials_of = _choices(context.intent, policy, library)
    rings = _narrowed(intent.rings, richness.rings)
    every = {each for of in materials_of.values() for each in of}
    soundhole_mm = _soundhole_mm(context, policy)
    return SearchProblem(
        context=context,
        policy=policy,
        rings=rings,
        materials_of=materials_of,
        pattern_variety=_variety(richness.patterns, len(materials_of), rings),
        material_variety=_variety(richness.materials, len(every), rings),
        soundhole_mm=soundhole_mm,
        radial_mm=_radial_mm(context, policy, soundhole_mm),
        windows=scan_windows(context, policy.customary),
        seed=seed,
    )


def _choices(intent: Intent, policy: Policy, library: Library) -> dict[Pattern, tuple[str, ...]]:
    wished = [library.materials.get(each) for each in intent.palette or ()]
    known = (
        [each for each in wished if each] if intent.palette else library.materials.entries.values()
    )
    choices: dict[Pattern, tuple[str, ...]] = {}
    for pattern in dict.fromkeys(intent.patterns or _ALL_PATTERNS):
        custom = policy.patterns[pattern]
        kinds = {*custom.kinds, *(custom.on_request if intent.palette else ())}
        suited = tuple(sorted({each.id for each in known if each.kind in kinds}))
        if suited:
            choices[pattern] = suited
    return choices


def _narrowed(stated: Counts | None, usual: Counts) -> Counts:
    """Return the stated counts, narrowed to the usual ones where the two overlap."""
    if stated is None:
        return usual
    low, high = max(stated[0], usual[0]), min(stated[1], usual[1])
    return (low, high) if low <= high else stated


def _variety(wanted: Counts, available: int, rings: Counts) -> Counts:
    most = max(1, min(wanted[1], available))
    return min(wanted[0], most, rings[0]), most


def _soundhole_mm(context: Context, policy: Policy) -> Interval:
    fixed, target = context.soundhole_diameter_mm, context.target_diameter_mm
    if fixed is not None:
        return fixed, fixed
    custom = policy.customary
    low, high = custom.soundhole_mm
    if target is None:
        return low, high
    share_low, share_high = (share * target for share in custom.soundhole_share)
    low, high = max(low, share_low), min(high, share_high)
    return (low, high) if low <= high else (share_low, share_high)


def _radial_mm(context: Context, policy: Policy, soundhole_mm: Interval) -> Interval:
    target = context.target_diameter_mm
    if target is None:
        return policy.customary.radial_mm
    return (target - soundhole_mm[1]) / 2, (target - soundhole_mm[0]) / 2


def _departures(problem: SearchProblem, spec: RosetteSpec) -> Iterable[str]:
    count = len(spec.rings)
    if not problem.rings[0] <= count <= problem.rings[1]:
        yield f"{count} rings; {problem.rings[0]} to {problem.rings[1]} are wanted"
    for number, ring in enumerate(spec.rings, 1):
        if ring.pattern not in problem.materials_of:
            yield f"ring {number} is {ring.pattern}, which is not wanted"
        elif ring.material not in problem.materials_of[ring.pattern]:
            yield f"ring {number} is {ring.pattern} of {ring.material}, which is not wanted"
    for name, (low, high) in (
        ("pattern", problem.pattern_variety),
        ("material", problem.material_variety),
    ):
        different = len({getattr(ring, name) for ring in spec.rings})
        if not low <= different <= high:
            yield f"{different} different {name}s; {low} to {high} are wanted"
    yield from _size_departures(problem, spec)


def _size_departures(problem: SearchProblem, spec: RosetteSpec) -> Iterable[str]:
    low, high = problem.soundhole_mm
    if not low - 1e-9 <= spec.soundhole_diameter_mm <= high + 1e-9:
        yield f"the soundhole is {spec.soundhole_diameter_mm:g} mm, not {low:g} to {high:g} mm"
    rings = sum(ring.width_mm + ring.land_after_mm for ring in spec.rings)
    outer = spec.soundhole_diameter_mm + 2 * (
        spec.edge_land_mm + rings - spec.rings[-1].land_after_mm
    )
    if problem.target_mm is not None and abs(outer - problem.target_mm) > TARGET_TOLERANCE_MM:
        yield f"the outer diameter is {outer:.3f} mm, not {problem.target_mm:g} mm"
