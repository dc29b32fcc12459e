"""The shape of a definition: known keys, right types, required fields.

What is wrong is reported and replaced by something neutral, so that the checks that follow can
look at everything else and one run shows every finding.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from prefect_luthier.deployments.definition.checks.values import MAX_DEPTH, check_values
from prefect_luthier.deployments.definition.findings import Findings
from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.pointers import Path, lookup

UNKNOWN = "\x00"  # stands for a text that could not be read

_NEUTRAL_FIELDS: dict[str, Any] = {
    "id": "unknown",
    "cron": UNKNOWN,
    "path": UNKNOWN,
    "steps": {UNKNOWN: {"run": UNKNOWN}},
}
_NEUTRAL_TABLES: dict[str, Any] = {
    "parameters": {},
    "actions": {"run": UNKNOWN},
    "steps": {"run": UNKNOWN},
    "artifacts": {"path": UNKNOWN},
    "triggers": {"cron": UNKNOWN},
}
_ROUNDS = 5

Pruned = frozenset[Path]


def check_shape(findings: Findings) -> tuple[Definition | None, Pruned]:
    """Report what is wrong with the shape.

    Returns:
        The definition, with neutral values where something is wrong, and the paths of those;
        None when there is nothing to go on with.
    """
    data = findings.document.data
    if not isinstance(data, dict):
        findings.add("wrong-type", "a definition is a table of keys and values.")
        return None, frozenset()
    pruned: set[Path] = set()
    unholdable = check_values(data, findings)
    if unholdable:
        data = _copied(data)
        for path in unholdable:
            _neutralise(data, path, pruned)
    return _validated(data, findings, pruned), frozenset(pruned)


def _validated(data: dict[str, Any], findings: Findings, pruned: set[Path]) -> Definition | None:
    for attempt in range(_ROUNDS):
        try:
            return Definition.model_validate(data, strict=True)
        except ValidationError as error:
            from prefect_luthier.deployments.definition.checks.shape_findings import (  # noqa: PLC0415 - only with findings
                report_shape,
            )

            data = _copied(data) if attempt == 0 else data
            details = _one_per_place(error, data)
            for path, detail in details.items():
                if not findings.full and not _is_under(path, pruned):
                    report_shape(path, detail, findings)
            for path, detail in details.items():
                _neutralise(data, path, pruned, remove=detail["type"] == "extra_forbidden")
    return None


def _copied(value: Any, depth: int = 0) -> Any:
    if depth > MAX_DEPTH + 1:
        return None
    if isinstance(value, dict):
        return {key: _copied(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [_copied(item, depth + 1) for item in value]
    return value


def _one_per_place(error: ValidationError, data: Any) -> dict[Path, ErrorDetails]:
    """Return one error for each place; the branches of a union all fail at the same one."""
    found: dict[Path, ErrorDetails] = {}
    for detail in error.errors(include_url=False):
        path: Path = detail["loc"]
        if detail["type"] not in ("missing", "extra_forbidden"):
            while (
                path
                and isinstance(lookup(data, path[:-1]), str | int | float | list | None)
                and (not isinstance(path[-1], int) or not isinstance(lookup(data, path[:-1]), list))
            ):
                path = path[:-1]  # the name of the union's branch
        found.setdefault(path, detail)
    return found


def _is_under(path: Path, pruned: set[Path]) -> bool:
    return any(path[:length] in pruned for length in range(len(path) + 1))


def _neutralise(data: Any, path: Path, pruned: set[Path], *, remove: bool = False) -> None:
    """Put a value that breaks no rule at ``path``, or nothing where nothing is needed."""
    parent, last = lookup(data, path[:-1]), path[-1]
    pruned.add(path)
    if isinstance(parent, list):
        if isinstance(last, int) and last < len(parent):
            parent[last] = _NEUTRAL_TABLES.get(str(path[0]), UNKNOWN) if len(path) == 2 else UNKNOWN  # noqa: PLR2004 - an item of a top-level list
    elif isinstance(parent, dict):
        if remove:
            parent.pop(last, None)
        elif len(path) == 2 and path[0] in _NEUTRAL_TABLES and lookup(data, path[:1]) is parent:  # noqa: PLR2004 - an entry of a table
            parent[last] = dict(_NEUTRAL_TABLES[str(path[0])])
        elif last in _NEUTRAL_FIELDS and not (last == "id" and len(path) > 1):
            parent[last] = _NEUTRAL_FIELDS[str(last)]
        else:
            parent.pop(last, None)
