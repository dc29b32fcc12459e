"""Parameters: their types, rules and defaults."""

from __future__ import annotations

import json
from typing import Any

from prefect_luthier.deployments.definition.checks.context import Checked
from prefect_luthier.deployments.definition.model import PARAMETER_TYPES, Parameter
from prefect_luthier.deployments.definition.parameter_types import ParameterType
from prefect_luthier.deployments.definition.parameter_values import check_value
from prefect_luthier.deployments.definition.patterns import (
    PatternTooSlow,
    matches,
    pattern_problem,
)
from prefect_luthier.deployments.definition.plugins import PluginFailed, parameter_type
from prefect_luthier.pointers import Path
from prefect_luthier.suggestions import (
    closest,
    did_you_mean,
    surely_meant,
)

_TYPE_SYNONYMS = {
    "str": "string",
    "text": "string",
    "int": "integer",
    "float": "number",
    "double": "number",
    "bool": "boolean",
    "enum": "choice",
    "select": "choice",
    "file": "path",
    "dir": "path",
    "directory": "path",
    "folder": "path",
    "password": "secret",
    "token": "secret",
    "object": "json",
    "list": "json",
    "array": "json",
}


def check_parameters(checked: Checked) -> None:
    """Report what is wrong with each parameter by itself."""
    for name, parameter in checked.definition.parameters.items():
        path: Path = ("parameters", name)
        if not checked.is_pruned(path):
            _check_parameter(checked, path, parameter)


def _check_parameter(checked: Checked, path: Path, parameter: Parameter) -> None:
    try:
        kind = parameter_type(parameter.type)
    except PluginFailed as error:
        checked.findings.add(error.code, str(error), (*path, "type"))
        return
    if kind is None:
        _unknown_type(checked, path, parameter)
        return
    rules_hold = all(
        [
            _check_choices(checked, path, parameter),
            _check_pattern(checked, path, parameter, kind),
            _check_limits(checked, path, parameter, kind),
        ]
    )
    if parameter.default is not None:
        _check_required(checked, path, parameter)
        if rules_hold and not checked.is_pruned((*path, "default")):
            _check_default(checked, path, parameter, kind)


def _unknown_type(checked: Checked, path: Path, parameter: Parameter) -> None:
    name = parameter.type
    meant = _TYPE_SYNONYMS.get(name.lower()) or surely_meant(name, PARAMETER_TYPES)
    near = (meant,) if meant else closest(name, PARAMETER_TYPES)
    checked.findings.add(
        "unknown-parameter-type",
        f"{name!r} is no parameter type.{did_you_mean(near)} There are "
        f"{', '.join(PARAMETER_TYPES)}, and those that plug-ins add.",
        (*path, "type"),
        candidates=near or PARAMETER_TYPES[:5],
        fix=checked.findings.replace_value((*path, "type"), meant) if meant else None,
    )


def _check_choices(checked: Checked, path: Path, parameter: Parameter) -> bool:
    if checked.is_pruned((*path, "choices")):
        return False
    if parameter.type == "choice" and not parameter.choices:
        checked.findings.add(
            "missing-choices",
            "a parameter of type choice needs `choices`, the list of allowed values.",
            (*path, "type"),
        )
        return False
    choices = parameter.choices or []
    for index, choice in enumerate(choices):
        first = next(i for i, other in enumerate(choices) if _same(other, choice))
        if first != index:
            checked.findings.add(
                "duplicate-choice",
                f"{choice!r} is listed twice.",
                (*path, "choices", index),
                related=checked.findings.document.value_span((*path, "choices", first)),
                fix=checked.findings.remove((*path, "choices", index), "remove the second one"),
            )
    return True


def _same(a: Any, b: Any) -> bool:
    return bool(a == b) and isinstance(a, bool) == isinstance(b, bool)


def _check_pattern(checked: Checked, path: Path, parameter: Parameter, kind: ParameterType) -> bool:
    if parameter.pattern is None:
        return True
    problem = pattern_problem(parameter.pattern)
    if problem:
        checked.findings.add(
            "bad-pattern",
            f"{_short(parameter.pattern)} is no regular expression: {problem}.",
            (*path, "pattern"),
        )
        return False
    if not kind.text:
        checked.findings.warn(
            "useless-key",
            f"`pattern` does nothing for type {kind.name}.",
            (*path, "pattern"),
            at_key=True,
            fix=checked.findings.remove((*path, "pattern"), "remove it"),
        )
    return True


def _check_limits(checked: Checked, path: Path, parameter: Parameter, kind: ParameterType) -> bool:
    low, high = parameter.minimum, parameter.maximum
    for key, limit in (("minimum", low), ("maximum", high)):
        if limit is not None and not kind.number:
            checked.findings.warn(
                "useless-key",
                f"`{key}` does nothing for type {kind.name}.",
                (*path, key),
                at_key=True,
                fix=checked.findings.remove((*path, key), "remove it"),
            )
    if low is not None and high is not None and low > high:
        checked.findings.add(
            "bad-range",
            f"minimum {low:g} is above maximum {high:g}, so that no value is allowed.",
            (*path, "minimum"),
            related=checked.findings.document.value_span((*path, "maximum")),
        )
        return False
    return True


def _check_required(checked: Checked, path: Path, parameter: Parameter) -> None:
    if parameter.required:
        checked.findings.add(
            "required-with-default",
            "the parameter has a default, so that a run need not give it: it cannot be required "
            "too.",
            (*path, "required"),
            related=checked.findings.document.value_span((*path, "default")),
            fix=checked.findings.remove((*path, "required"), "remove `required`"),
        )


def _check_default(checked: Checked, path: Path, parameter: Parameter, kind: ParameterType) -> None:
    place = (*path, "default")
    default = parameter.default
    try:
        parsed = kind.parse(default)
    except ValueError as error:
        _wrong_default(checked, place, parameter, str(error))
        return
    except Exception as error:  # noqa: BLE001 - a plug-in's type may raise anything
        checked.findings.add("plugin-failed", f"type {kind.name!r} failed: {error!r}.", place)
        return
    if (kind.number and isinstance(default, str | bool)) or (
        kind.cel == "bool" and default is not parsed
    ):
        expected = "a number" if kind.number else "true or false"
        reason = f"must be {expected}, without quotes"
        _wrong_default(checked, place, parameter, reason, parsed)
        return
    _check_default_rules(checked, place, parameter)


def _wrong_default(
    checked: Checked, place: Path, parameter: Parameter, reason: str, meant: Any = None
) -> None:
    default = parameter.default
    is_text = parameter.type in ("string", "path")
    if meant is None and is_text and isinstance(default, bool | int | float):
        meant = checked.findings.document.raw(place)
    checked.findings.add(
        "bad-default",
        f"default {_short(default)} {reason} ({parameter.type}).",
        place,
        candidates=(json.dumps(meant),) if meant is not None else (),
        fix=checked.findings.replace_value(place, meant) if meant is not None else None,
    )


def _check_default_rules(checked: Checked, place: Path, parameter: Parameter) -> None:
    default = parameter.default
    if parameter.choices is not None and not any(_same(default, c) for c in parameter.choices):
        texts = [str(choice) for choice in parameter.choices]
        meant = surely_meant(str(default), texts)
        checked.findings.add(
            "default-not-a-choice",
            f"default {_short(default)} is not among the choices.",
            place,
            candidates=closest(str(default), texts) or tuple(texts[:5]),
            fix=checked.findings.replace_value(place, parameter.choices[texts.index(meant)])
            if meant
            else None,
        )
        return
    if parameter.pattern is not None and isinstance(default, str):
        try:
            if not matches(parameter.pattern, default):
                checked.findings.add(
                    "default-breaks-pattern",
                    f"default {_short(default)} does not match {_short(parameter.pattern)}.",
                    place,
                    related=checked.findings.document.value_span((*place[:-1], "pattern")),
                )
                return
        except PatternTooSlow as error:
            checked.findings.add(
                "slow-pattern", f"default {_short(default)} {error}.", (*place[:-1], "pattern")
            )
            return
        except ValueError as error:
            checked.findings.add("bad-pattern", f"{error}.", (*place[:-1], "pattern"))
            return
    try:
        check_value(parameter, default)
    except ValueError as error:
        checked.findings.add("bad-default", f"default {_short(default)} {error}.", place)


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:79] + "…"  # noqa: PLR2004 - what fits a line
