"""Compare two definitions as graphs: their steps by slug, their order by reduced edges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from prefect_luthier.catalog import split_reference


@dataclass(frozen=True)
class Graph:
    """A definition's steps and their order.

    Args:
        steps: How often each slug is used; a command counts as its text.
        edges: How often a step of one slug must follow one of another, after the transitive
            reduction: an edge that a longer path implies says nothing.
    """

    steps: Counter[str]
    edges: Counter[tuple[str, str]]


def graph_of(definition: Mapping[str, Any]) -> Graph:
    """Return the graph of a definition's JSON form.

    Args:
        definition: With ``steps`` as an object by id, or as a list of objects with ``id``.
    """
    steps = dict(_steps(definition.get("steps")))
    templates = definition.get("actions")
    templates = templates if isinstance(templates, Mapping) else {}
    labels = {name: _label(step, templates) for name, step in steps.items()}
    needs = {name: _needs(step, steps) for name, step in steps.items()}
    edges = Counter(
        (labels[need], labels[name]) for name in steps for need in _reduced(name, needs)
    )
    return Graph(Counter(labels.values()), edges)


def _steps(steps: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(steps, Mapping):
        yield from ((str(name), step) for name, step in steps.items() if isinstance(step, Mapping))
    elif isinstance(steps, list):
        for position, step in enumerate(steps):
            if isinstance(step, str):
                yield f"{position}", {"uses": step}
            elif isinstance(step, Mapping):
                yield str(step.get("id", step.get("name", position))), step


def _label(step: Mapping[str, Any], templates: Mapping[str, Any]) -> str:
    uses = step.get("uses", step.get("slug", step.get("action")))
    template = templates.get(uses) if isinstance(uses, str) else None
    if isinstance(template, Mapping):
        return _label(template, {})
    if isinstance(uses, str):
        return split_reference(uses)[0]
    return f"run: {step.get('run', '')}"


def _needs(step: Mapping[str, Any], steps: Mapping[str, Any]) -> list[str]:
    needs = step.get("needs", step.get("depends_on", ()))
    needs = [needs] if isinstance(needs, str) else needs
    return [str(need) for need in needs if str(need) in steps] if needs else []


def _reduced(name: str, needs: Mapping[str, list[str]]) -> list[str]:
    """Return the needs of a step that no other of its needs implies."""
    direct = list(dict.fromkeys(needs[name]))
    return [
        need
        for need in direct
        if not any(other != need and need in _ancestors(other, needs) for other in direct)
    ]


def _ancestors(name: str, needs: Mapping[str, list[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for need in needs.get(waiting.pop(), ()):
            if need not in found:
                found.add(need)
                waiting.append(need)
    return found


@dataclass(frozen=True)
class Overlap:
    """How many items two multisets share, of how many each has."""

    shared: int = 0
    drafted: int = 0
    expected: int = 0

    @classmethod
    def of(cls, drafted: Counter[Any], expected: Counter[Any]) -> Overlap:
        """Count what two multisets share."""
        return cls((drafted & expected).total(), drafted.total(), expected.total())

    def __add__(self, other: Overlap) -> Overlap:
        return Overlap(
            self.shared + other.shared,
            self.drafted + other.drafted,
            self.expected + other.expected,
        )

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall; None when there is nothing to find."""
        total = self.drafted + self.expected
        return 2 * self.shared / total if total else None


def untouched(base: Mapping[str, Any], expected: Mapping[str, Any]) -> dict[str, Any]:
    """Return the steps of a base that the expected definition keeps as they are."""
    before = _said(base)
    after = _said(expected)
    return {name: step for name, step in before.items() if after.get(name) == step}


def preserved(
    base: Mapping[str, Any], expected: Mapping[str, Any], drafted: Mapping[str, Any] | None
) -> tuple[int, int]:
    """Return how many of the untouched steps a draft has kept, and how many there are."""
    kept = untouched(base, expected)
    after = _said(drafted or {})
    return sum(after.get(name) == step for name, step in kept.items()), len(kept)


def _said(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return the steps without values that say nothing, such as ``needs = []``."""
    return {
        name: {key: value for key, value in step.items() if value not in (None, [], {})}
        for name, step in _steps(definition.get("steps"))
    }
