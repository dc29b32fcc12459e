"""Compose a definition from the actions of a request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from prefect_luthier.ai_builder.offline.choice import Action
from prefect_luthier.ai_builder.offline.commands import command_of
from prefect_luthier.ai_builder.offline.conditions import Meaning, read_condition
from prefect_luthier.ai_builder.offline.dataflow import (
    Parameters,
    Upstream,
    fill_inputs,
    list_output,
    result_expression,
)
from prefect_luthier.ai_builder.offline.file_roles import is_read
from prefect_luthier.ai_builder.offline.literals import Literal, Masked
from prefect_luthier.ai_builder.offline.messages import message_for
from prefect_luthier.ai_builder.offline.naming import identifier, title, workflow_id
from prefect_luthier.ai_builder.offline.order import needs_of
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


@dataclass(frozen=True)
class Composition:
    """A definition's JSON form, and what it could not say.

    Args:
        document: The JSON form.
        questions: What the operator should look at.
    """

    document: dict[str, Any]
    questions: tuple[str, ...]


def compose(
    actions: Sequence[Action], schedule: Schedule, masked: Masked, catalog: Catalog, request: str
) -> Composition:
    """Compose the definition that does the actions.

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
    unsaid = _add_conditions(steps, masked)
    for step in steps:
        path = step.table.get("inputs", {}).get("path")
        if step.sink and isinstance(path, str) and "${{" not in path:
            name = identifier(path.rsplit("/", 1)[-1].rsplit(".", 1)[0], artifacts, fallback="file")
            artifacts[name] = {"path": path}
    document: dict[str, Any] = {
        "schema": 1,
        "id": workflow_id([masked.unmask(action.clause.text) for action in actions]),
        "version": "0.1.0",
        "name": title(masked.unmask(schedule.rest)),
        "description": " ".join(request.split())[:500],
    }
    used = str([step.table for step in steps])
    declared = {
        name: table for name, table in parameters.declared.items() if f"params.{name}" in used
    }
    if declared:
        document["parameters"] = declared
    if schedule.crons:
        document["triggers"] = [
            {"cron": cron, "timezone": schedule.timezone} for cron in schedule.crons
        ]
    document["steps"] = {step.id: _table(step, steps) for step in steps}
    if artifacts:
        document["artifacts"] = artifacts
    return Composition(document, (*unsaid, *_unused(actions, document["steps"])))


_GIVEN_KINDS = frozenset({"path", "url", "email", "command"})


def _unused(actions: Sequence[Action], tables: dict[str, Any]) -> list[str]:
    """Ask about the files, addresses and commands of the request that no step uses."""
    used = str(tables)
    given = [
        each.text for action in actions for each in action.literals if each.kind in _GIVEN_KINDS
    ]
    return [
        f"What is {text!r} for? No step of the draft uses it."
        for text in dict.fromkeys(given)
        if text not in used and repr(text)[1:-1] not in used
    ]


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
    if any(slot.role == "path" and slot.required for slot in slots(action.entry)) or is_read(
        action.clause.text, paths[-1].mark
    ):
        return None
    for entry in catalog:
        roles = {slot.role for slot in slots(entry) if slot.required}
        if roles == {"path", "content"}:
            return entry
    return None


def _fill(
    step: _Step, steps: Sequence[_Step], position: int, masked: Masked, parameters: Parameters
) -> None:
    care, text = step.action.care, masked.unmask(step.action.clause.text)
    upstream = [steps[each].upstream for each in _ancestors(steps, position)]
    if step.entry is None:
        step.table["run"] = command_of(step.action, parameters)
    else:
        literals = _own_literals(step, steps, position)
        loop = _loop(step, upstream, parameters)
        if loop:
            step.table["foreach"] = loop
        item = step.action.clause.loop if loop else None
        inputs = fill_inputs(step.entry, text, literals, upstream, parameters, item)
        before = next((steps[need] for need in reversed(step.needs)), None)
        about = masked.unmask(before.action.clause.text) if before else ""
        if not step.sink:
            message_for(step.action, inputs, masked, about)
        if inputs:
            step.table["inputs"] = {name: _escaped(value) for name, value in inputs.items()}
    if care.retries:
        step.table["retries"] = {"max": care.retries} | (
            {"delay": care.delay} if care.delay else {}
        )
    if care.timeout:
        step.table["timeout"] = care.timeout


# `${{` that starts none of our own expressions: the operator's words, which mean themselves.
_FOREIGN_MARK = re.compile(r"\$\{\{(?! (?:params|steps|item|index|run)\b[^{}]*\}\})")


def _escaped(value: Any) -> Any:
    """Return an input whose texts mean themselves, however they look."""
    if isinstance(value, dict):
        return {key: _escaped(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_escaped(item) for item in value]
    return _FOREIGN_MARK.sub("${{ '${{' }}", value) if isinstance(value, str) else value


def _own_literals(step: _Step, steps: Sequence[_Step], position: int) -> list[Literal]:
    """Return the values that are for this step; the file to write to is for the step after it."""
    literals = list(step.action.literals)
    target = next((each for each in reversed(literals) if each.kind == "path"), None)
    if step.sink:
        return [target] if target else []
    following = steps[position + 1] if position + 1 < len(steps) else None
    if following is not None and following.sink and following.action is step.action and target:
        literals.remove(target)
    return literals


_LOOP_OVER = re.compile(
    r"^(?P<one>.+?)\s+(?:in|of|from|on)\s+(?:the\s+|my\s+|our\s+)?(?P<all>[\w -]+)$"
)


def _loop(step: _Step, upstream: Sequence[Upstream], parameters: Parameters) -> str | None:
    """Return the list that a step is repeated over, and note what each item is."""
    loop = step.action.clause.loop
    if not loop:
        return None
    match = _LOOP_OVER.match(loop)
    one, everything = (match["one"], match["all"]) if match else (loop, f"{loop}s")
    found = list_output(upstream, f"{one} {everything}")
    if found:
        return found
    last = re.findall(r"[A-Za-z]+", everything)
    if not last:
        return None
    plural = last[-1].lower() if last[-1].lower().endswith("s") else f"{last[-1].lower()}s"
    expression = parameters.declare(
        plural, type="json", required=True, description=f"List of {plural}."
    )
    return expression.removeprefix("${{ ").removesuffix(" }}")


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


def _add_conditions(steps: Sequence[_Step], masked: Masked) -> list[str]:
    """Give steps their `when`; return what could not be said."""
    unsaid: list[str] = []
    branch: tuple[str, bool] | None = None
    for position, step in enumerate(steps):
        clause = step.action.clause
        if clause.condition is not None:
            branch = (clause.condition, clause.negated)
        if step.sink or (clause.condition is None and not clause.otherwise) or branch is None:
            continue
        condition, negated = branch
        meaning = read_condition(masked.unmask(condition), negated=negated != clause.otherwise)
        expression = _state_or_result(steps, position, meaning)
        if expression:
            step.conditions.append(expression)
        elif not clause.otherwise or len(step.needs) > 0:
            unsaid.append(
                f"When shall `{step.id}` run? No output of an earlier step says whether "
                f"{masked.unmask(condition)!r}; as drafted it always runs."
            )
    return list(dict.fromkeys(unsaid))


def _state_or_result(steps: Sequence[_Step], position: int, meaning: Meaning) -> str | None:
    """Return the CEL expression of a condition about the steps before; None when there is none."""
    step = steps[position]
    for each in _ancestors(steps, position):
        if steps[each].sink:
            continue
        expression = result_expression(steps[each].upstream, meaning)
        if expression:
            if meaning.kind == "empty":
                _skip_sinks(steps, each, position, replace(meaning, kind="present"))
            if meaning.kind in {"empty", "present"}:
                step.needs = [
                    each,
                    *(need for need in step.needs if not steps[need].sink and need != each),
                ]
            return expression
    return _on_state(steps, position, meaning) if step.needs else None


def _skip_sinks(steps: Sequence[_Step], source: int, position: int, present: Meaning) -> None:
    """What to do without a result is said apart: then the result is not written either."""
    expression = result_expression(steps[source].upstream, present)
    for follower in steps[source + 1 : position]:
        if follower.sink and expression:
            follower.conditions.append(expression)


_GENERAL = re.compile(
    r"\b(?:it|this|that|they|anything|something|any|everything|all)\b", re.IGNORECASE
)


def _on_state(steps: Sequence[_Step], position: int, meaning: Meaning) -> str | None:
    """Return the condition that what came before has failed, or has not."""
    step = steps[position]
    if meaning.kind == "succeeded":
        return " && ".join(f"steps.{steps[each].id}.state == 'completed'" for each in step.needs)
    if meaning.kind != "failed":
        return None
    # A failure stops what follows it, so `if it fails` means any step on the way.
    watched = _ancestors(steps, position) if _GENERAL.search(meaning.subject) else step.needs
    return " || ".join(f"steps.{steps[each].id}.state == 'failed'" for each in sorted(watched))


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
