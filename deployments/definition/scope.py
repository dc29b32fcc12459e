"""The types of the names that an expression may use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefect_luthier.deployments.definition.model import Parameter
from prefect_luthier.deployments.definition.plugins import parameter_type

RUN_FIELDS = {"id": "string", "date": "string", "started": "string"}

_OUTPUT_TYPES = {
    "string": "string",
    "integer": "int",
    "number": "double",
    "boolean": "bool",
    "list": "list",
    "json": "dyn",
}


def parameter_cel_type(parameter: Parameter) -> str:
    """Return the name of a parameter's type in expressions: string, int, double, bool or dyn."""
    if parameter.type == "choice":
        return _choice_type(parameter.choices or [])
    kind = parameter_type(parameter.type)
    return kind.cel if kind else "dyn"


def _choice_type(choices: list[Any]) -> str:
    names: Mapping[type, str] = {str: "string", bool: "bool", int: "int", float: "double"}
    found = {names.get(type(choice), "dyn") for choice in choices}
    return found.pop() if len(found) == 1 else "dyn"


def parameter_variable(parameter: Parameter) -> str:
    """Return the type of a parameter as a variable; ``?`` marks one that may be null."""
    name = parameter_cel_type(parameter)
    optional = not parameter.required and parameter.default is None
    return f"{name}?" if optional and name != "dyn" else name


def output_variable(kind: str) -> str:
    """Return the type of an output that is declared as ``kind``."""
    return _OUTPUT_TYPES.get(kind, "dyn")
