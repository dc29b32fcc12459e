"""What flows between the steps of a base: conditions, upstream steps, parameters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from prefect_luthier.ai_builder.offline.base_steps import BaseSteps
from prefect_luthier.ai_builder.offline.conditions import read_condition
from prefect_luthier.ai_builder.offline.dataflow import Parameters, Upstream, result_expression
from prefect_luthier.ai_builder.operations import Operation, SetField


def new_parameters(parameters: Parameters, form: Mapping[str, Any]) -> list[Operation]:
    """Return the declarations of the parameters that a base does not have yet."""
    present = form.get("parameters") or {}
    return [
        SetField(("parameters", name), table)
        for name, table in parameters.declared.items()
        if name not in present
    ]


def when_expression(
    words: str, candidates: Sequence[str], steps: BaseSteps, *, negated: bool
) -> str | None:
    """Return the CEL condition for words, about one of the candidate steps; None when unknown."""
    meaning = read_condition(words, negated=negated)
    meant = steps.find(words)
    ordered = sorted(candidates, key=lambda name: not (meant is not None and meant.id == name))
    for name in ordered:
        expression = result_expression(upstream_of(name, steps), meaning)
        if expression:
            return expression
    if ordered and meaning.kind in {"failed", "succeeded"}:
        wanted = "failed" if meaning.kind == "failed" else "completed"
        return f"steps.{ordered[0]}.state == '{wanted}'"
    return None


def upstream_of(name: str, steps: BaseSteps) -> Upstream:
    """Return a step of the base as later steps see it."""
    return Upstream(name, steps.entry(name))


def ancestors(name: str, steps: BaseSteps) -> list[str]:
    """Return the steps that a step needs, directly or not, the nearest first."""
    found: list[str] = []
    waiting = list(steps.tables.get(name, {}).get("needs", []))
    while waiting:
        each = waiting.pop(0)
        if each not in found and each in steps.tables:
            found.append(each)
            waiting += steps.tables[each].get("needs", [])
    return found
