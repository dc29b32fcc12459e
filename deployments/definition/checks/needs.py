"""What steps need: unknown steps, steps that need themselves, duplicates and circles."""

from __future__ import annotations

from prefect_luthier.deployments.definition.checks.context import Checked
from prefect_luthier.deployments.definition.checks.shape import UNKNOWN
from prefect_luthier.suggestions import did_you_mean

_LONGEST_CYCLE_SHOWN = 12


def check_needs(checked: Checked) -> None:
    """Report every need that is no edge of a graph without circles."""
    for step_id, step in checked.definition.steps.items():
        if checked.findings.full:
            return
        first_at: dict[str, int] = {}
        for index, need in enumerate(step.needs):
            if need == UNKNOWN:
                continue
            first = first_at.setdefault(need, index)
            if first != index:
                _duplicate(checked, step_id, need, first, index)
            elif need == step_id:
                _self_need(checked, step_id, index)
            elif need not in checked.definition.steps:
                _unknown(checked, step_id, need, index)
    for cycle in checked.graph.cycles:
        if len(cycle) > 2:  # noqa: PLR2004 - [a, a] is a self-need, reported above
            _cycle(checked, cycle)


def _duplicate(checked: Checked, step_id: str, need: str, first: int, index: int) -> None:
    path = ("steps", step_id, "needs", index)
    document = checked.findings.document
    checked.findings.add(
        "duplicate-need",
        f"step {step_id!r} needs {need!r} twice.",
        path,
        related=document.value_span((*path[:-1], first)),
        fix=checked.findings.remove(path, "remove the second one"),
    )


def _self_need(checked: Checked, step_id: str, index: int) -> None:
    path = ("steps", step_id, "needs", index)
    checked.findings.add(
        "self-need",
        f"step {step_id!r} needs itself, so that it could never start.",
        path,
        fix=checked.findings.remove(path, "remove it"),
    )


def _unknown(checked: Checked, step_id: str, need: str, index: int) -> None:
    path = ("steps", step_id, "needs", index)
    others = [name for name in checked.definition.steps if name not in (step_id, UNKNOWN)]
    candidates, meant = checked.findings.suggest(need, others)
    needed = checked.definition.steps[step_id].needs
    if meant in needed:
        fix = checked.findings.remove(path, f'remove it: "{meant}" is needed already')
    else:
        fix = checked.findings.replace_value(path, meant) if meant else None
    if meant and fix and _would_close_a_circle(checked, step_id, meant):
        fix = None
    checked.findings.add(
        "unknown-step",
        f'step "{step_id}" needs "{need[:80]}", which does not exist.{did_you_mean(candidates)}',
        path,
        candidates=candidates,
        fix=fix,
    )


def _would_close_a_circle(checked: Checked, step_id: str, need: str) -> bool:
    return need == step_id or checked.graph.reaches(need, step_id)


def _cycle(checked: Checked, cycle: list[str]) -> None:
    # `a -> b` reads "a needs b".
    shown = cycle
    if len(cycle) > _LONGEST_CYCLE_SHOWN:
        half = _LONGEST_CYCLE_SHOWN // 2
        shown = [*cycle[:half], f"… {len(cycle) - 2 * half} more …", *cycle[-half:]]
    step_id, need = cycle[0], cycle[1]
    index = checked.definition.steps[step_id].needs.index(need)
    checked.findings.add(
        "cycle",
        f"the steps need each other in a circle: {' -> '.join(shown)}.",
        ("steps", step_id, "needs", index),
        candidates=tuple(cycle[:-1][:5]),
    )
