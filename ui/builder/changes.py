"""What changed between two texts of a definition: line by line, and in sentences."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.ui.builder.workflow_view import schedule_words, schedules_words

_CONTEXT_LINES = 3
_SHORT_CHARS = 48


@dataclass(frozen=True)
class DiffLine:
    """A line of a diff; ``gap`` stands for unchanged lines that are left out."""

    kind: Literal["same", "added", "removed", "gap"]
    text: str
    old_number: int | None = None
    new_number: int | None = None


def diff_lines(before: str, after: str) -> list[DiffLine]:
    """Return the changed lines with a little of what stands around them."""
    old, new = before.splitlines(), after.splitlines()
    matcher = difflib.SequenceMatcher(a=old, b=new, autojunk=False)
    lines: list[DiffLine] = []
    for number, group in enumerate(matcher.get_grouped_opcodes(_CONTEXT_LINES)):
        if number or group[0][1] > 0:
            lines.append(DiffLine("gap", ""))
        for tag, old_from, old_to, new_from, new_to in group:
            if tag == "equal":
                lines += [
                    DiffLine("same", old[old_from + i], old_from + i + 1, new_from + i + 1)
                    for i in range(old_to - old_from)
                ]
                continue
            lines += [DiffLine("removed", old[i], i + 1) for i in range(old_from, old_to)]
            lines += [DiffLine("added", new[i], None, i + 1) for i in range(new_from, new_to)]
    return lines


def describe_changes(before: Definition | None, after: Definition) -> list[str]:
    """Return one sentence for each thing that differs, in Markdown.

    The sentences are computed from the two definitions, so they cannot claim what is not so.
    """
    if before is None:
        return [_first(after)]
    return [
        *_table_changes("step", before.steps, after.steps),
        *_schedule_changes(before, after),
        *_table_changes("parameter", before.parameters, after.parameters),
        *_table_changes("action template", before.actions, after.actions),
        *_table_changes("artifact", before.artifacts, after.artifacts),
        *_heading_changes(before, after),
    ]


def _first(definition: Definition) -> str:
    steps = len(definition.steps)
    parts = [f"{steps} step{'s' if steps != 1 else ''}"]
    if definition.parameters:
        count = len(definition.parameters)
        parts.append(f"{count} parameter{'s' if count != 1 else ''}")
    for trigger in definition.triggers:
        words = schedule_words(trigger)
        parts.append(f"runs {words[:1].lower()}{words[1:]}")
    return f"Drafted **{definition.name or definition.id}**: {', '.join(parts)}."


def _table_changes(noun: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for name in after:
        if name not in before:
            yield f"Added {noun} `{name}`."
        elif after[name] != before[name]:
            fields = _changed_fields(before[name], after[name])
            yield f"Changed {noun} `{name}`: {', '.join(fields)}."
    for name in before:
        if name not in after:
            yield f"Removed {noun} `{name}`."


def _changed_fields(before: Any, after: Any) -> list[str]:
    return [
        name.rstrip("_")
        for name in type(after).model_fields
        if getattr(before, name) != getattr(after, name)
    ]


def _schedule_changes(before: Definition, after: Definition) -> Iterator[str]:
    if before.triggers == after.triggers:
        return
    if not after.triggers:
        yield "Removed the schedule."
    elif not before.triggers:
        yield f"Added the schedule: {schedules_words(after)}."
    else:
        yield f"Changed the schedule: {schedules_words(after)} (was: {schedules_words(before)})."


def _heading_changes(before: Definition, after: Definition) -> Iterator[str]:
    told = {"steps", "triggers", "parameters", "actions", "artifacts", "requirements"}
    for name in _changed_fields(before, after):
        if name not in told:
            old, new = getattr(before, name, None), getattr(after, name, None)
            change = f": {_shown(old)} → {_shown(new)}" if _is_short(old, new) else ""
            yield f"Changed {name.replace('_', ' ')}{change}."
    yield from _list_changes(
        "required command", before.requirements.commands, after.requirements.commands
    )


def _list_changes(noun: str, before: Iterable[str], after: Iterable[str]) -> Iterator[str]:
    old, new = list(before), list(after)
    yield from (f"Added {noun} `{name}`." for name in new if name not in old)
    yield from (f"Removed {noun} `{name}`." for name in old if name not in new)


def _is_short(*values: Any) -> bool:
    return all(len(str(value)) <= _SHORT_CHARS for value in values)


def _shown(value: Any) -> str:
    return "nothing" if value in (None, "", [], {}) else f"`{value}`"
