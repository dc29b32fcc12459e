"""Changes to a definition as typed operations on its JSON form.

Both drafters refine by operations, so that what an operation does not name stays as it is.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prefect_luthier.errors import LuthierError

Form = dict[str, Any]


@dataclass(frozen=True)
class AddStep:
    """Add a step.

    Args:
        id: Its id, which must be free.
        table: Its JSON form, ``needs`` included.
        after: The step that it follows in the text; None puts it last.
    """

    id: str
    table: Mapping[str, Any]
    after: str | None = None


@dataclass(frozen=True)
class RemoveStep:
    """Remove a step; those that needed it need what it needed."""

    id: str


@dataclass(frozen=True)
class RenameStep:
    """Rename a step, in every need and expression too."""

    id: str
    to: str


@dataclass(frozen=True)
class SetStepField:
    """Set a field of a step, or remove it by the value None.

    Args:
        id: The step.
        path: Keys from the step's table, e.g. ``("inputs", "channel")``.
        value: The new value.
    """

    id: str
    path: tuple[str, ...]
    value: Any


@dataclass(frozen=True)
class SetField:
    """Set a field outside the steps, or remove it by the value None.

    Args:
        path: Keys from the root, e.g. ``("parameters", "since", "default")``.
        value: The new value.
    """

    path: tuple[str, ...]
    value: Any


Operation = AddStep | RemoveStep | RenameStep | SetStepField | SetField


def apply_operations(form: Mapping[str, Any], operations: Sequence[Operation]) -> Form:
    """Return the JSON form after all operations, in order.

    Raises:
        LuthierError: An operation names a step that is not there, or adds one that is.
    """
    changed: Form = copy.deepcopy(dict(form))
    for operation in operations:
        _APPLY[type(operation)](changed, operation)
    return changed


def renames(operations: Sequence[Operation]) -> dict[str, str]:
    """Return old and new id of each step that the operations rename."""
    return {each.id: each.to for each in operations if isinstance(each, RenameStep)}


def _steps(form: Form) -> dict[str, Any]:
    steps = form.setdefault("steps", {})
    if not isinstance(steps, dict):
        raise LuthierError("bad-base", "`steps` is no table.")
    return steps


def _step(form: Form, name: str) -> dict[str, Any]:
    step = _steps(form).get(name)
    if not isinstance(step, dict):
        raise LuthierError(
            "unknown-step", f"there is no step {name!r} to change.", "Name a step of the base."
        )
    return step


def _add(form: Form, operation: AddStep) -> None:
    steps = _steps(form)
    if operation.id in steps:
        raise LuthierError("duplicate-step", f"there is a step {operation.id!r} already.")
    table = copy.deepcopy(dict(operation.table))
    if operation.after is None or operation.after not in steps:
        steps[operation.id] = table
        return
    ordered: dict[str, Any] = {}
    for name, step in steps.items():
        ordered[name] = step
        if name == operation.after:
            ordered[operation.id] = table
    form["steps"] = ordered


def _remove(form: Form, operation: RemoveStep) -> None:
    removed = _step(form, operation.id)
    inherited = removed.get("needs", [])
    del form["steps"][operation.id]
    for step in _steps(form).values():
        if isinstance(step, dict) and operation.id in step.get("needs", []):
            kept = [need for need in step["needs"] if need != operation.id]
            _assign(step, "needs", [*kept, *(n for n in inherited if n not in kept)])


def _rename(form: Form, operation: RenameStep) -> None:
    _step(form, operation.id)
    if operation.to in _steps(form):
        raise LuthierError("duplicate-step", f"there is a step {operation.to!r} already.")
    reference = re.compile(rf"\bsteps\.{re.escape(operation.id)}(?=\.)")
    replaced = f"steps.{operation.to}"
    steps = {
        (operation.to if name == operation.id else name): _deep_replace(step, reference, replaced)
        for name, step in _steps(form).items()
    }
    for step in steps.values():
        if isinstance(step, dict) and operation.id in step.get("needs", []):
            step["needs"] = [operation.to if n == operation.id else n for n in step["needs"]]
    form["steps"] = steps


def _deep_replace(value: Any, pattern: re.Pattern[str], replacement: str) -> Any:
    if isinstance(value, str):
        return pattern.sub(replacement, value)
    if isinstance(value, list):
        return [_deep_replace(item, pattern, replacement) for item in value]
    if isinstance(value, dict):
        return {key: _deep_replace(item, pattern, replacement) for key, item in value.items()}
    return value


def _set_step(form: Form, operation: SetStepField) -> None:
    _set_path(_step(form, operation.id), operation.path, operation.value)


def _set(form: Form, operation: SetField) -> None:
    _set_path(form, operation.path, operation.value)


def _set_path(table: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    *parents, last = path
    for key in parents:
        inner = table.get(key)
        if not isinstance(inner, dict):
            if value is None:
                return
            inner = table[key] = {}
        table = inner
    _assign(table, last, value)


def _assign(table: dict[str, Any], key: str, value: Any) -> None:
    if value is None or value == []:
        table.pop(key, None)
    else:
        table[key] = copy.deepcopy(value)


_APPLY: dict[type, Callable[[Form, Any], None]] = {
    AddStep: _add,
    RemoveStep: _remove,
    RenameStep: _rename,
    SetStepField: _set_step,
    SetField: _set,
}
