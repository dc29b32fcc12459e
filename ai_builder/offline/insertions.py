"""Requests that add steps to a base."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from prefect_luthier.ai_builder.offline.base_changes import Refinement, heal
from prefect_luthier.ai_builder.offline.base_dataflow import (
    ancestors,
    new_parameters,
    upstream_of,
    when_expression,
)
from prefect_luthier.ai_builder.offline.base_steps import BaseSteps
from prefect_luthier.ai_builder.offline.choice import Action, choose
from prefect_luthier.ai_builder.offline.clause_words import is_order, is_vague, plain, polished
from prefect_luthier.ai_builder.offline.clauses import Link, split_clauses
from prefect_luthier.ai_builder.offline.dataflow import Parameters, fill_inputs
from prefect_luthier.ai_builder.offline.edits import move
from prefect_luthier.ai_builder.offline.literals import Masked
from prefect_luthier.ai_builder.offline.messages import message_for
from prefect_luthier.ai_builder.offline.naming import identifier
from prefect_luthier.ai_builder.offline.places import default_place, find_anchor
from prefect_luthier.ai_builder.offline.retrieval import Index
from prefect_luthier.ai_builder.operations import AddStep, Operation, SetField, SetStepField
from prefect_luthier.catalog import Catalog

_ADD_WORDS = re.compile(
    r"^(?:(?:also|and|then|finally|additionally|too|next|lastly)\s+)*(?:add|insert|include|append|put in|introduce|throw in|squeeze in)\s+(?:(?:an?|another|one more|the)\s+)?(?:(?:new|extra|additional|final|first)\s+)*(?:(?:step|task|stage)\s+)?(?:(?:that|which|to|for|called|named|where (?:we|you|it))\s+)?",  # noqa: E501 - a pattern reads best in one piece
    re.IGNORECASE,
)


# What is asked of a workflow is work for it, however far its words are.
_EASE = 0.25
# What is done besides hinders nothing that is done already.
_BESIDES = re.compile(r"\b(?:also|too|as well|besides|additionally)\b", re.IGNORECASE)


def add_steps(
    text: str, refinement: Refinement, masked: Masked, catalog: Catalog, index: Index
) -> None:
    """Add the steps that a text asks for."""
    text = text.strip(" .,!?")
    steps = BaseSteps(refinement.form, catalog)
    said = polished(text)
    body, where, anchors = find_anchor(said, steps, masked)
    if where == "after" and _BESIDES.search(text):
        where = "branch"
    body = _ADD_WORDS.sub("", body) or body
    body = re.sub(r"[\s,]+(?:too|as well)$", "", body, flags=re.IGNORECASE)
    actions: list[Action] = []
    for clause in split_clauses(body):
        found = choose(replace(clause, directive=True), actions, masked, index, _EASE)
        actions += found
        if found or clause.event:
            continue
        unclear = is_vague(plain(clause.text)) or not is_order(clause.text)
        (refinement.unclear if unclear else refinement.unknown).append(masked.unmask(clause.text))
    if refinement.unknown or not actions:
        return
    if where is None:
        where, anchors = default_place(text, actions[0].clause, steps, masked)
    _insert(actions, where, anchors, refinement, masked, catalog)


def _insert(  # noqa: PLR0917 - each is a different thing
    actions: Sequence[Action],
    where: str,
    anchors: Sequence[str],
    refinement: Refinement,
    masked: Masked,
    catalog: Catalog,
) -> None:
    previous: list[str] = []
    for position, action in enumerate(actions):
        steps = BaseSteps(refinement.form, catalog)
        beside = position > 0 and action.clause.link is Link.BESIDE
        opens = position == 0 or beside
        needs = _needs_at(where, anchors, steps) if opens else previous
        name = _insert_one(action, needs, where, refinement, masked, catalog)
        steps = BaseSteps(refinement.form, catalog)
        if where in {"before", "start", "after", "beside"} and (position == 0 or beside):
            refinement.apply(_place(name, where, anchors, steps))
        elif where in {"before", "start", "after"} and previous:
            refinement.apply(_chain(name, previous[0], steps))
        heal(refinement, catalog)
        previous = [name]


def _needs_at(where: str, anchors: Sequence[str], steps: BaseSteps) -> list[str]:
    if where in {"branch", "any-failure", "after"}:
        return list(anchors)
    if where == "end":
        last = steps.last()
        main = [
            name
            for name in steps.sinks()
            if "'failed'" not in str(steps.tables[name].get("when", ""))
        ]
        return main or ([last] if last else [])
    if where in {"before", "beside"} and anchors:
        return list(steps.tables[anchors[0]].get("needs", []))
    return []


def _place(name: str, where: str, anchors: Sequence[str], steps: BaseSteps) -> list[Operation]:
    """Return the operations that make other steps wait for a new one."""
    if where == "start":
        roots = [
            each for each, table in steps.tables.items() if not table.get("needs") and each != name
        ]
        return [SetStepField(each, ("needs",), [name]) for each in roots]
    if not anchors:
        return []
    return move(name, where, anchors[0], steps)


def _chain(name: str, previous: str, steps: BaseSteps) -> list[Operation]:
    """Return the operations that make those who waited for ``previous`` wait for ``name``."""
    return [
        SetStepField(
            each,
            ("needs",),
            [name if need == previous else need for need in steps.tables[each].get("needs", [])],
        )
        for each in steps.dependents(previous)
        if each != name
    ]


def _insert_one(  # noqa: PLR0917 - each is a different thing
    action: Action,
    needs: Sequence[str],
    where: str,
    refinement: Refinement,
    masked: Masked,
    catalog: Catalog,
) -> str:
    steps = BaseSteps(refinement.form, catalog)
    label = action.entry.slug if action.entry else (action.command or "command")[:30]
    name = identifier(label, steps.tables)
    table: dict[str, Any] = (
        {"uses": action.entry.reference} if action.entry else {"run": action.command}
    )
    if needs:
        table["needs"] = list(needs)
    condition = _condition(action, needs, where, steps)
    if condition:
        table["when"] = condition
    elif action.clause.condition is not None:
        said = masked.unmask(action.clause.condition)
        refinement.unsaid.append(
            f"When shall `{name}` run? No output of an earlier step says whether {said!r}; "
            "as drafted it always runs."
        )
    parameters = Parameters(dict(refinement.form.get("parameters") or {}))
    if action.entry is not None:
        reachable = list(
            dict.fromkeys([*reversed(needs), *(a for n in needs for a in ancestors(n, steps))])
        )
        upstream = [upstream_of(each, steps) for each in reachable]
        inputs = fill_inputs(
            action.entry, masked.unmask(action.clause.text), action.literals, upstream, parameters
        )
        message_for(action, inputs, masked)
        if inputs:
            table["inputs"] = _as_elsewhere(inputs, reachable, steps, refinement.form)
    after = next((each for each in reversed(steps.tables) if each in needs), None)
    used = [
        each
        for each in new_parameters(parameters, refinement.form)
        if isinstance(each, SetField) and f"params.{each.path[1]}" in str(table)
    ]
    refinement.apply([*used, AddStep(name, table, after)])
    return name


def _as_elsewhere(
    inputs: Mapping[str, Any], reachable: Sequence[str], steps: BaseSteps, form: Mapping[str, Any]
) -> dict[str, Any]:
    """Return inputs that would become new parameters as other steps have them already."""
    present = form.get("parameters") or {}
    values: dict[str, Any] = {}
    for step in [*reachable, *steps.tables]:
        given = steps.tables[step].get("inputs")
        for key, value in given.items() if isinstance(given, Mapping) else ():
            refers = isinstance(value, str) and "${{ steps." in value
            if not refers or step in reachable:
                values.setdefault(str(key), value)
    return {
        key: values[key] if key in values and _is_new(value, present) else value
        for key, value in inputs.items()
    }


def _is_new(value: Any, present: Mapping[str, Any]) -> bool:
    match = re.fullmatch(r"\$\{\{ params\.(\w+) \}\}", value) if isinstance(value, str) else None
    return match is not None and match[1] not in present


def _condition(action: Action, needs: Sequence[str], where: str, steps: BaseSteps) -> str | None:
    clause = action.clause
    if clause.condition is None:
        return None
    if where == "any-failure":
        return " || ".join(f"steps.{name}.state == 'failed'" for name in needs)
    reachable = [*needs, *(each for need in needs for each in ancestors(need, steps))]
    return when_expression(clause.condition, reachable, steps, negated=clause.negated)
