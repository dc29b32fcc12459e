"""The names an expression may use, and their CEL types."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cel_expr_python import cel

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

CEL_TYPES: dict[str, cel.Type] = {
    "string": cel.Type.STRING,
    "int": cel.Type.INT,
    "double": cel.Type.DOUBLE,
    "bool": cel.Type.BOOL,
    "list": cel.Type.List(cel.Type.DYN),
    "dyn": cel.Type.DYN,
}

# The protobuf wrappers are CEL's nullable types: `params.n != null && params.n > 3` checks.
NULLABLE_TYPES: dict[str, cel.Type] = {
    "string": cel.Type("google.protobuf.StringValue"),
    "int": cel.Type("google.protobuf.Int64Value"),
    "double": cel.Type("google.protobuf.DoubleValue"),
    "bool": cel.Type("google.protobuf.BoolValue"),
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


def parameter_variable(parameter: Parameter) -> cel.Type:
    """Return the CEL type of a parameter; one that may be absent is nullable."""
    name = parameter_cel_type(parameter)
    if not parameter.required and parameter.default is None:
        return NULLABLE_TYPES.get(name, CEL_TYPES[name])
    return CEL_TYPES[name]


def output_variable(kind: str) -> cel.Type:
    """Return the CEL type of an output that is declared as ``kind``."""
    return CEL_TYPES[_OUTPUT_TYPES.get(kind, "dyn")]
