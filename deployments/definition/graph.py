"""The graph of steps: order, layers, cycles, and its picture as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from prefect_luthier.deployments.definition.model import Definition


class StepGraph:
    """Which step needs which; needs that name no step are left out.

    Args:
        needs: For each step, in the order of the source, the steps it needs.
    """

    def __init__(self, needs: Mapping[str, Iterable[str]]) -> None:
        self.needs: dict[str, tuple[str, ...]] = {
            step: tuple(dict.fromkeys(need for need in wanted if need in needs))
            for step, wanted in needs.items()
        }

    @cached_property
    def order(self) -> list[str]:
        """Steps after all their needs, in the source's order where the graph leaves a choice.

        Steps on a cycle, and those behind one, are missing.
        """
        return [step for layer in self.layers for step in layer]

    @cached_property
    def layers(self) -> list[list[str]]:
        """Steps by the length of the longest path that leads to them."""
        dependents: dict[str, list[str]] = {step: [] for step in self.needs}
        waiting = {step: len(wanted) for step, wanted in self.needs.items()}
        for step, wanted in self.needs.items():
            for need in wanted:
                dependents[need].append(step)
        position = {step: index for index, step in enumerate(self.needs)}
        layer = [step for step, count in waiting.items() if count == 0]
        found: list[list[str]] = []
        while layer:
            found.append(layer)
            following: list[str] = []
            for step in layer:
                for dependent in dependents[step]:
                    waiting[dependent] -= 1
                    if waiting[dependent] == 0:
                        following.append(dependent)
            layer = sorted(following, key=position.__getitem__)
        return found

    def reaches(self, step: str, target: str) -> bool:
        """Return whether ``target`` is among the transitive needs of ``step``."""
        if target in self.needs.get(step, ()):
            return True
        ancestors = self._ancestors.get(step)
        if ancestors is None:
            return target in self.transitive_needs(step)
        return target in self._bit and bool(ancestors >> self._bit[target] & 1)

    @cached_property
    def _bit(self) -> dict[str, int]:
        return {step: index for index, step in enumerate(self.needs)}

    @cached_property
    def _ancestors(self) -> dict[str, int]:
        # One integer per step, a bit for each step it needs: 10,000 steps in a chain are 12 MB
        # and a few milliseconds, where sets would take seconds. Steps on a cycle are missing.
        found: dict[str, int] = {}
        for step in self.order:
            bits = 0
            for need in self.needs[step]:
                bits |= found[need] | 1 << self._bit[need]
            found[step] = bits
        return found

    def transitive_needs(self, step: str) -> set[str]:
        """Return all steps that must end before ``step``; on a cycle that includes itself."""
        seen: set[str] = set()
        stack = list(self.needs.get(step, ()))
        while stack:
            need = stack.pop()
            if need not in seen:
                seen.add(need)
                stack += self.needs[need]
        return seen

    @cached_property
    def cycles(self) -> list[list[str]]:
        """Cycles as paths ``[a, b, a]``, enough of them that each step on a cycle is on one."""
        done = set(self.order)
        found: list[list[str]] = []
        for start in self.needs:
            if start in done:
                continue
            path = self._walk_to_cycle(start, done)
            if path:
                found.append(path)
                done.update(path)
        return found

    def _walk_to_cycle(self, start: str, done: set[str]) -> list[str]:
        # Depth first without recursion; a step left without a cycle is never entered again.
        path = [start]
        on_path = {start: 0}
        iterators = [iter(self.needs[start])]
        while path:
            need = next(iterators[-1], None)
            if need is None:
                iterators.pop()
                finished = path.pop()
                del on_path[finished]
                done.add(finished)
            elif need in on_path:
                return [*path[on_path[need] :], need]
            elif need not in done:
                on_path[need] = len(path)
                path.append(need)
                iterators.append(iter(self.needs[need]))
        return []


def step_graph(definition: Definition) -> StepGraph:
    """Return the graph of a definition's steps."""
    return StepGraph({step_id: step.needs for step_id, step in definition.steps.items()})


def layers(definition: Definition) -> list[list[str]]:
    """Return the steps in layers: those of one layer can run at once."""
    return step_graph(definition).layers


def dag_text(definition: Definition) -> str:
    """Return the graph as text, one line a step: what it needs, when it runs, what it uses."""
    graph = step_graph(definition)
    rows = [_row(definition, step, graph.needs[step]) for step in graph.order]
    width = max((len(name) for name, _, _ in rows), default=0)
    depth = {step: level for level, layer in enumerate(graph.layers) for step in layer}
    lines = []
    for name, needs, note in rows:
        line = f"{'  ' * min(depth[name], 12)}{name.ljust(width)}"
        line += f"  <- {', '.join(needs)}" if needs else ""
        lines.append((line + (f"  ({note})" if note else "")).rstrip())
    return "\n".join(lines)


def _row(
    definition: Definition, step_id: str, needs: Sequence[str]
) -> tuple[str, Sequence[str], str]:
    step = definition.resolved_step(step_id)
    notes = [step.uses or "shell"]
    if step.foreach:
        notes.append(f"for each of {step.foreach}")
    if step.when:
        notes.append(f"when {step.when}")
    return step_id, needs, "; ".join(notes)
