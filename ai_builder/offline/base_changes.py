"""The changes to a base that a request asks for, as they are found."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from prefect_luthier.ai_builder.offline.base_dataflow import ancestors, new_parameters, upstream_of
from prefect_luthier.ai_builder.offline.base_steps import BaseSteps
from prefect_luthier.ai_builder.offline.dataflow import Parameters, fill_inputs
from prefect_luthier.ai_builder.operations import (
    Operation,
    SetField,
    SetStepField,
    apply_operations,
)
from prefect_luthier.catalog import Catalog


@dataclass
class Refinement:
    """The changes that a request asks for, as they are found.

    Args:
        form: The base's JSON form with the operations so far applied.
        operations: The operations.
        unknown: What nothing in the catalog can do.
        unclear: What names nothing in the base.
        unsaid: Conditions that no output of an earlier step can decide.
    """

    form: dict[str, Any]
    operations: list[Operation] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    unsaid: list[str] = field(default_factory=list)

    def apply(self, operations: Sequence[Operation]) -> None:
        """Make changes and note them."""
        self.form = apply_operations(self.form, operations)
        self.operations += operations


def heal(refinement: Refinement, catalog: Catalog) -> None:
    """Rewire what refers to steps that are not there, or not before, any more."""
    steps = BaseSteps(refinement.form, catalog)
    for name, table in list(steps.tables.items()):
        reachable = set(ancestors(name, steps))
        broken = _broken_inputs(table, reachable)
        when = table.get("when")
        if isinstance(when, str) and not _names(when) <= reachable:
            refinement.apply([SetStepField(name, ("when",), None)])
        if not broken:
            continue
        entry = steps.entry(name)
        parameters = Parameters(dict(refinement.form.get("parameters") or {}))
        upstream = [upstream_of(each, steps) for each in ancestors(name, steps)]
        filled = fill_inputs(entry, "", [], upstream, parameters) if entry else {}
        changes: list[Operation] = [
            SetStepField(name, ("inputs", key), filled.get(key)) for key in broken
        ]
        used = {key: filled[key] for key in broken if key in filled}
        kept = [
            each
            for each in new_parameters(parameters, refinement.form)
            if isinstance(each, SetField) and f"params.{each.path[1]} " in f"{used} "
        ]
        refinement.apply([*changes, *kept])


_REFERENCE = re.compile(r"\bsteps\.([a-z][a-z0-9_]*)\.")


def _names(text: str) -> set[str]:
    return set(_REFERENCE.findall(text))


def _broken_inputs(table: Mapping[str, Any], reachable: set[str]) -> list[str]:
    inputs = table.get("inputs")
    if not isinstance(inputs, Mapping):
        return []
    return [key for key, value in inputs.items() if not _names(str(value)) <= reachable]
