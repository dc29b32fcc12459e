"""Resolve the values that a run gives for a definition's parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from prefect_luthier.deployments.definition.model import Definition, Parameter
from prefect_luthier.deployments.definition.parameter_types import ParameterType
from prefect_luthier.deployments.definition.patterns import matches
from prefect_luthier.deployments.definition.plugins import parameter_type
from prefect_luthier.diagnostics import Diagnostic
from prefect_luthier.errors import InvalidDefinition
from prefect_luthier.pointers import to_pointer
from prefect_luthier.suggestions import closest, did_you_mean


def resolve_parameters(definition: Definition, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a value for every parameter: what was given, else its default, else null.

    Raises:
        InvalidDefinition: With one finding for each value that is unknown, missing or wrong.
    """
    findings = [_unknown(name, definition) for name in values if name not in definition.parameters]
    resolved: dict[str, Any] = {}
    for name, parameter in definition.parameters.items():
        given = values.get(name)
        value = parameter.default if given is None else given
        if value is None:
            if parameter.required:
                findings.append(_missing(name, parameter))
            resolved[name] = None
            continue
        try:
            resolved[name] = check_value(parameter, value)
        except ValueError as error:
            findings.append(_wrong(name, value, parameter, str(error)))
    if findings:
        count = len(findings)
        raise InvalidDefinition(
            f"{count} parameter{'s' if count > 1 else ''} of {definition.id!r} cannot be used.",
            findings,
        )
    return resolved


def check_value(parameter: Parameter, value: Any) -> Any:
    """Return ``value`` as the parameter's type holds it.

    Raises:
        ValueError: It breaks the type or a rule of the parameter; the text says what was expected.
    """
    kind = parameter_type(parameter.type)
    if kind is None:
        raise ValueError(f"has the unknown type {parameter.type!r}")
    return _checked_rules(parameter, kind, kind.parse(value))


def _checked_rules(parameter: Parameter, kind: ParameterType, value: Any) -> Any:
    if parameter.choices is not None:
        value = _choice(parameter.choices, value)
    has_pattern = parameter.pattern is not None and isinstance(value, str)
    if has_pattern and not matches(parameter.pattern or "", value):
        raise ValueError(f"must match {parameter.pattern!r}")
    if kind.number:
        if parameter.minimum is not None and value < parameter.minimum:
            raise ValueError(f"must be at least {parameter.minimum:g}")
        if parameter.maximum is not None and value > parameter.maximum:
            raise ValueError(f"must be at most {parameter.maximum:g}")
    return value


def _choice(choices: list[Any], value: Any) -> Any:
    for choice in choices:
        if choice == value and isinstance(choice, bool) == isinstance(value, bool):
            return choice
    if isinstance(value, str):  # the command line gives every value as text
        for choice in choices:
            if not isinstance(choice, str) and str(choice).lower() == value.strip().lower():
                return choice
    shown = ", ".join(repr(choice) for choice in choices[:5])
    raise ValueError(f"must be one of {shown}{' …' if len(choices) > 5 else ''}")  # noqa: PLR2004 - as many as fit a line


def _unknown(name: str, definition: Definition) -> Diagnostic:
    candidates = closest(name, definition.parameters)
    return Diagnostic(
        "unknown-parameter",
        "error",
        f"{definition.id!r} has no parameter {name!r}.{did_you_mean(candidates)}",
        pointer=to_pointer(("parameters", name)),
        candidates=candidates,
    )


def _missing(name: str, parameter: Parameter) -> Diagnostic:
    return Diagnostic(
        "missing-parameter",
        "error",
        f"parameter {name!r} ({parameter.type}) is required and has no value.",
        pointer=to_pointer(("parameters", name)),
    )


def _wrong(name: str, value: Any, parameter: Parameter, reason: str) -> Diagnostic:
    shown = "the value given" if parameter.type == "secret" else _short(value)
    return Diagnostic(
        "bad-parameter-value",
        "error",
        f"parameter {name!r}: {shown} {reason}.",
        pointer=to_pointer(("parameters", name)),
        candidates=tuple(str(choice) for choice in (parameter.choices or [])[:5]),
    )


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"  # noqa: PLR2004 - what fits a line
