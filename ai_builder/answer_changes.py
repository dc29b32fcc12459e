"""From the changes in a model's answer to operations on the base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from prefect_luthier.ai_builder import operations
from prefect_luthier.ai_builder.answer_document import (
    UnusableAnswer,
    artifact_table,
    parameter_table,
    step_table,
    table_of,
    trigger_table,
    with_spelt_defaults,
)
from prefect_luthier.ai_builder.answer_form import (
    ChangeForm,
    RemoveArtifact,
    RemoveParameter,
    RemoveStep,
    RenameStep,
    SetArtifact,
    SetCommands,
    SetField,
    SetParameter,
    SetStep,
    SetTriggers,
    StepForm,
)
from prefect_luthier.ai_builder.operations import Operation, apply_operations
from prefect_luthier.deployments.definition.model import Parameter, Step
from prefect_luthier.errors import LuthierError


def operations_of(base: Mapping[str, Any], changes: Sequence[ChangeForm]) -> list[Operation]:
    """Return the operations on a base that make the changes, in their order.

    Raises:
        UnusableAnswer: A change is to something that is not there.
    """
    made: list[Operation] = []
    for change in changes:
        operation = _operation(change, base)
        try:
            base = apply_operations(base, [operation])
        except LuthierError as error:
            raise UnusableAnswer(error.message) from error
        made.append(operation)
    return made


def _operation(change: ChangeForm, base: Mapping[str, Any]) -> Operation:  # noqa: C901 - a table of cases
    match change:
        case SetStep(step=step, after=after):
            return _set_step(step, after, base)
        case RemoveStep(id=name):
            return operations.RemoveStep(_known(base, "steps", name))
        case RenameStep(id=name, to=new):
            return operations.RenameStep(_known(base, "steps", name), new)
        case SetParameter(parameter=parameter):
            name = parameter.name
            table = _over(base, "parameters", name, parameter_table(parameter), Parameter)
            return operations.SetField(("parameters", name), table)
        case RemoveParameter(name=name):
            return operations.SetField(("parameters", _known(base, "parameters", name)), None)
        case SetArtifact(artifact=artifact):
            return operations.SetField(("artifacts", artifact.name), artifact_table(artifact))
        case RemoveArtifact(name=name):
            return operations.SetField(("artifacts", _known(base, "artifacts", name)), None)
        case SetTriggers(triggers=triggers):
            return operations.SetField(("triggers",), [trigger_table(each) for each in triggers])
        case SetCommands(commands=commands):
            return operations.SetField(("requirements", "commands"), commands)
        case SetField(field=field, value=value):
            return operations.SetField((field,), value)


def _set_step(step: StepForm, after: str | None, base: Mapping[str, Any]) -> Operation:
    if step.id not in table_of(base, "steps"):
        return operations.AddStep(step.id, step_table(step), after)
    table = _over(base, "steps", step.id, step_table(step), Step)
    return operations.SetField(("steps", step.id), table)


def _over(
    base: Mapping[str, Any],
    section: str,
    name: str,
    table: dict[str, Any],
    model: type[BaseModel],
) -> dict[str, Any]:
    before = table_of(base, section).get(name)
    return with_spelt_defaults(before, table, model) if isinstance(before, Mapping) else table


def _known(base: Mapping[str, Any], section: str, name: str) -> str:
    tables = table_of(base, section)
    if name not in tables:
        known = ", ".join(tables) or "none"
        raise UnusableAnswer(f"The base has no {section[:-1]} {name!r}; it has: {known}.")
    return name
