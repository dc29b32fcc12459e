"""Compose a definition from the actions of a request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from prefect_luthier.ai_builder.offline.conditions import read_condition
from prefect_luthier.ai_builder.offline.dataflow import (
    Parameters,
    Upstream,
    fill_inputs,
    result_expression,
)
from prefect_luthier.ai_builder.offline.literals import Literal, Masked
from prefect_luthier.ai_builder.offline.messages import message_for
from prefect_luthier.ai_builder.offline.naming import identifier, title, workflow_id
from prefect_luthier.ai_builder.offline.order import needs_of
from prefect_luthier.ai_builder.offline.quantities import take_care
from prefect_luthier.ai_builder.offline.reading import Action
from prefect_luthier.ai_builder.offline.schedules import Schedule
from prefect_luthier.ai_builder.offline.slots import slots
from prefect_luthier.catalog import Catalog, CatalogEntry


@dataclass
class _Step:
    """A step in the making."""

    id: str
    entry: CatalogEntry | None
    action: Action
    needs: list[int]
    table: dict[str, Any] = field(default_factory=dict)
    conditions: list[str] = field(default_factory=list)
    sink: bool = False

    @property
    def upstream(self) -> Upstream:
        """The step as later ones see it."""
        return Upstream(self.id, self.entry)


def compose(
    actions: Sequence[Action], schedule: Schedule, masked: Masked, catalog: Catalog, request: str
) -> dict[str, Any]:
    """Return the JSON form of the definition that does the actions.

    Args:
        actions: What to do, in order.
        schedule: When to start.
        masked: The request, for its literals.
        catalog: What steps may use.
        request: The operator's words, for title and description.
    """
    parameters = Parameters()
    steps = _steps(actions, catalog)
    artifacts: dict[str, Any] = {}
    for position, step in enumerate(steps):
        _fill(step, steps, position, masked, parameters)
    _add_conditions(steps)
    for step in steps:
        path = step.table.get("inputs", {}).get("path")
        if step.sink and isinstance(path, str) and "${{" not in path:
            name = identifier(path.rsplit("/", 1)[-1].rsplit(".", 1)[0], artifacts, fallback="file")
            artifacts[name] = {"path": path}
    document: dict[str, Any] = {
        "schema": 1,
        "id": workflow_id([step.entry.slug if step.entry else step.id for step in steps]),
        "version": "0.1.0",
        "name": title(masked.unmask(schedule.rest)),
        "description": " ".join(request.split())[:500],
    }
    if parameters.declared:
        document["parameters"] = parameters.declared
    if schedule.crons:
        document["triggers"] = [
            {"cron": cron, "timezone": schedule.timezone} for cron in schedule.crons
        ]
    document["steps"] = {step.id: _table(step, steps) for step in steps}
    if artifacts:
        document["artifacts"] = artifacts
    return document


def _steps(actions: Sequence[Action], catalog: Catalog) -> list[_Step]:
    """Return the steps, each with the positions of those it needs; sinks follow their source."""
    steps: list[_Step] = []
    moved: dict[int, int] = {}
    for position, (action, needs) in enumerate(zip(actions, needs_of(actions), strict=True)):
        taken = {step.id for step in steps}
        name = action.entry.slug if action.entry else (action.command or "command")
        step = _Step(
            identifier(name if action.entry else name.split("\n")[0][:30], taken),
            action.entry,
            action,
            [moved[each] for each in needs],
        )
        steps.append(step)
        moved[position] = len(steps) - 1
        writer = _writer_for(action, catalog)
        if writer is not None:
            taken.add(step.id)
            steps.append(
                _Step(identifier(writer.slug, taken), writer, action, [len(steps) - 1], sink=True)
            )
    return steps


def _writer_for(action: Action, catalog: Catalog) -> CatalogEntry | None:
    """Return the entry that writes a file which the action itself cannot write."""
    paths = [literal for literal in action.literals if literal.kind == "path"]
    if not paths or action.entry is None or not slots(action.entry):
        return None
    if not re.search(
        rf"\b(?:in)?to\s+(?:a file\s+)?(?:called\s+|named\s+)?{paths[-1].mark}", action.clause.text
    ):
        return None
    if any(slot.role == "path" and slot.required for slot in slots(action.entry)):
        return None
    for entry in catalog:
        roles = {slot.role for slot in slots(entry) if slot.required}
        if roles == {"path", "content"}:
            return entry
    return None


def _fill(
    step: _Step, steps: Sequence[_Step], position: int, masked: Masked, parameters: Parameters
) -> None:
    care, text = take_care(masked.unmask(step.action.clause.text))
    upstream = [steps[each].upstream for each in _ancestors(steps, position)]
    if step.entry is None:
        step.table["run"] = step.action.command
    else:
        literals = [
            each
            for each in step.action.literals
            if step.sink or not _is_target(each, step, steps, position)
        ]
        if step.sink:
            literals = [each for each in literals if each.kind == "path"][-1:]
        inputs = fill_inputs(step.entry, text, literals, upstream, parameters)
        message_for(step.action, inputs, masked)
        if inputs:
            step.table["inputs"] = inputs
    if care.retries:
        step.table["retries"] = {"max": care.retries} | (
            {"delay": care.delay} if care.delay else {}
        )
    if care.timeout:
        step.table["timeout"] = care.timeout


def _is_target(literal: Literal, step: _Step, steps: Sequence[_Step], position: int) -> bool:
    following = steps[position + 1] if position + 1 < len(steps) else None
    return (
        literal.kind == "path"
        and following is not None
        and following.sink
        and following.action is step.action
    )


def _ancestors(steps: Sequence[_Step], position: int) -> list[int]:
    """Return the positions of all steps that a step needs, the nearest first."""
    found: list[int] = []
    waiting = list(steps[position].needs)
    while waiting:
        each = waiting.pop(0)
        if each not in found:
            found.append(each)
            waiting += steps[each].needs
    return sorted(found, reverse=True)


def _add_conditions(steps: Sequence[_Step]) -> None:
    for position, step in enumerate(steps):
        clause = step.action.clause
        if step.sink or clause.condition is None:
            continue
        meaning = read_condition(clause.condition, negated=clause.negated)
        if meaning.kind in {"failed", "succeeded"} and step.needs:
            wanted = "failed" if meaning.kind == "failed" else "completed"
            step.conditions.append(
                " || ".join(f"steps.{steps[each].id}.state == '{wanted}'" for each in step.needs)
            )
        elif meaning.kind in {"empty", "present"}:
            _on_result(steps, position, meaning.subject, empty=meaning.kind == "empty")


def _on_result(steps: Sequence[_Step], position: int, subject: str, *, empty: bool) -> None:
    step = steps[position]
    for each in _ancestors(steps, position):
        source = steps[each]
        if source.sink:
            continue
        expression = result_expression(source.upstream, subject, empty=empty)
        if expression is None:
            continue
        step.conditions.append(expression)
        step.needs = [each]
        other = result_expression(source.upstream, subject, empty=not empty)
        for follower in steps[each + 1 : position]:
            # What to do without a result is said apart: then the result's file is not written.
            if follower.sink and empty and other:
                follower.conditions.append(other)
        return


def _table(step: _Step, steps: Sequence[_Step]) -> dict[str, Any]:
    table: dict[str, Any] = {}
    if step.entry is not None:
        table["uses"] = step.entry.reference
    if step.needs:
        table["needs"] = [steps[each].id for each in step.needs]
    if step.conditions:
        joined = [
            f"({each})" if "||" in each and len(step.conditions) > 1 else each
            for each in step.conditions
        ]
        table["when"] = " && ".join(joined)
    return table | step.table
