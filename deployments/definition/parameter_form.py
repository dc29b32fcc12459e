"""The form that asks for a workflow's parameters, as JSON Schema."""

from __future__ import annotations

from typing import Any

from prefect_luthier.deployments.definition.model import Definition, Parameter
from prefect_luthier.deployments.definition.parameter_types import ParameterType
from prefect_luthier.deployments.definition.plugins import parameter_type

_SECRET_NOTE = "Name of a stored secret, never its value."  # noqa: S105 - a help text


def form_schema(definition: Definition) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a run's ``inputs``.

    Every property has a title and a position: without a title Prefect's form shows the type as
    label, without a position it sorts by name.
    """
    properties = {
        name: _property(name, parameter, position)
        for position, (name, parameter) in enumerate(definition.parameters.items())
    }
    required = [name for name, p in definition.parameters.items() if p.required]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": definition.name or definition.id,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _property(name: str, parameter: Parameter, position: int) -> dict[str, Any]:
    kind = parameter_type(parameter.type)
    schema: dict[str, Any] = {
        "title": parameter.title or _title(name),
        "position": position,
        **(_type_schema(parameter, kind) if kind else {}),
    }
    description = _description(parameter)
    if description:
        schema["description"] = description
    if parameter.default is not None:
        schema["default"] = parameter.default
    if parameter.choices is not None:
        schema["enum"] = list(parameter.choices)
    return schema


def _type_schema(parameter: Parameter, kind: ParameterType) -> dict[str, Any]:
    schema = dict(kind.form)
    if parameter.choices is not None and "type" not in schema:
        shared = _shared_type(parameter.choices)
        schema |= {"type": shared} if shared else {}
    if kind.text and parameter.pattern is not None:
        schema["pattern"] = parameter.pattern
    if kind.number:
        if parameter.minimum is not None:
            schema["minimum"] = parameter.minimum
        if parameter.maximum is not None:
            schema["maximum"] = parameter.maximum
    return schema


def _shared_type(choices: list[Any]) -> str | None:
    names = {str: "string", bool: "boolean", int: "integer", float: "number"}
    found = {names[type(choice)] for choice in choices}
    return found.pop() if len(found) == 1 else None


def _description(parameter: Parameter) -> str:
    notes = [parameter.description or "", _SECRET_NOTE if parameter.type == "secret" else ""]
    return " ".join(note for note in notes if note)


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()
