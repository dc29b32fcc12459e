"""Making a list of patterns and materials keep to what is wanted: choices and variety."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from prefect_luthier.rmos.design.spec import Pattern
from prefect_luthier.rmos.search.problem import SearchProblem

Choice = tuple[Pattern, str]
"""A pattern and its material."""


def varied(problem: SearchProblem, wished: Sequence[Choice]) -> list[Choice]:
    """Return the choices that are wanted and nearest to the wished ones.

    Few are changed: what is not offered, what is one pattern or material too many, and repeated
    ones where there is too little variety.
    """
    choices = [_offered(problem, choice) for choice in wished]
    _reduce(choices, 0, problem.pattern_variety[1], _to_pattern(problem))
    _reduce(choices, 1, problem.material_variety[1], _to_material(problem))
    _enrich(choices, 0, problem.pattern_variety[0], problem.patterns, _to_pattern(problem))
    _enrich(choices, 1, problem.material_variety[0], problem.materials, _to_material(problem))
    return choices


Change = Callable[[list[Choice], int, str], Choice | None]


def _offered(problem: SearchProblem, choice: Choice) -> Choice:
    pattern, material = choice
    if pattern not in problem.materials_of:
        of_material = (each for each, of in problem.materials_of.items() if material in of)
        pattern = next(of_material, problem.patterns[0])
    suited = problem.materials_of[pattern]
    return pattern, material if material in suited else suited[0]


def _to_pattern(problem: SearchProblem) -> Change:
    """Return a change of a ring to a pattern, keeping to its material or to one in use."""

    def change(choices: list[Choice], index: int, pattern: str) -> Choice | None:
        suited = problem.materials_of[pattern]  # type: ignore[index]
        used = [material for _, material in choices]
        for material in (choices[index][1], *used):
            if material in suited:
                return pattern, material  # type: ignore[return-value]
        full = len(set(used)) >= problem.material_variety[1] and used.count(choices[index][1]) > 1
        return None if full else (pattern, suited[0])  # type: ignore[return-value]

    return change


def _to_material(problem: SearchProblem) -> Change:
    """Return a change of a ring to a material, keeping to its pattern or to one in use."""

    def change(choices: list[Choice], index: int, material: str) -> Choice | None:
        for pattern in (choices[index][0], *(pattern for pattern, _ in choices)):
            if material in problem.materials_of[pattern]:
                return pattern, material
        return None

    return change


def _reduce(choices: list[Choice], part: int, most: int, change: Change) -> None:
    """Replace the rarest value by commoner ones until there are few enough."""
    kept: set[str] = set()
    while True:
        counts = Counter(choice[part] for choice in choices)
        rare = [value for value, _ in reversed(counts.most_common()) if value not in kept]
        if len(counts) <= most or not rare:
            return
        others = [value for value, _ in counts.most_common() if value != rare[0]]
        for index, choice in enumerate(choices):
            if choice[part] != rare[0]:
                continue
            changed = (change(choices, index, value) for value in others)
            found = next((each for each in changed if each is not None), None)
            if found is None:
                kept.add(rare[0])
                break
            choices[index] = found


def _enrich(
    choices: list[Choice], part: int, least: int, offered: Sequence[str], change: Change
) -> None:
    """Put values that are not used yet where one is repeated, until there are enough."""
    for value in offered:
        counts = Counter(choice[part] for choice in choices)
        if len(counts) >= least:
            return
        if value in counts:
            continue
        places = _repeated(choices, part)
        changes = [(index, change(choices, index, value)) for index in places]
        made = [(index, changed) for index, changed in changes if changed is not None]
        # One that keeps the other part takes no variety away.
        kept = [each for each in made if each[1][1 - part] == choices[each[0]][1 - part]]
        for index, changed in (kept or made)[:1]:
            choices[index] = changed


def _repeated(choices: list[Choice], part: int) -> list[int]:
    """Return where a value stands that stands elsewhere too, and whose other part does."""
    counts = Counter(choice[part] for choice in choices)
    other = Counter(choice[1 - part] for choice in choices)
    found = [index for index, choice in enumerate(choices) if counts[choice[part]] > 1]
    return sorted(found, key=lambda index: other[choices[index][1 - part]] == 1)
