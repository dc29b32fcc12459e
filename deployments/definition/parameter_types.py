"""The types a parameter can have: how a value is checked, shown in a form and typed in CEL."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

_INT64 = 2**63
_MAX_DIGITS = 40  # more than any 64-bit number has


@dataclass(frozen=True)
class ParameterType:
    """A kind of parameter value.

    Args:
        name: What a definition writes in ``type``.
        parse: Returns the value as plain JSON data; raises ValueError with what was expected.
        form: JSON Schema of the value in a form.
        cel: Type in expressions: string, int, double, bool or dyn.
        text: Whether the value is text, so that ``pattern`` applies.
        number: Whether ``minimum`` and ``maximum`` apply.
    """

    name: str
    parse: Callable[[Any], Any]
    form: Mapping[str, Any]
    cel: str = "dyn"
    text: bool = False
    number: bool = False


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")  # noqa: TRY004 - a finding about a value, not about code
    if "\0" in value:
        raise ValueError("must not contain a NUL character")
    return value


def _integer(value: Any) -> int:
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = int(value.strip()) if len(value) < _MAX_DIGITS else value
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError("must be a whole number")  # noqa: TRY004 - a finding about a value
    if not -_INT64 <= value < _INT64:
        raise ValueError("must fit in 64 bits")
    return value


def _number(value: Any) -> float:
    if isinstance(value, str):
        with contextlib.suppress(ValueError):
            value = float(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("must be a number")  # noqa: TRY004 - a finding about a value
    try:
        result = float(value)
    except OverflowError:
        result = math.inf
    if not math.isfinite(result):
        raise ValueError("must be a finite number")
    return result


_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def _boolean(value: Any) -> bool:
    if isinstance(value, str):
        value = _BOOLEANS.get(value.strip().lower(), value)
    if not isinstance(value, bool):
        raise ValueError("must be true or false")  # noqa: TRY004 - a finding about a value
    return value


def _path(value: Any) -> str:
    text = _text(value)
    if not text:
        raise ValueError("must name a file or folder")
    return text


def _secret(value: Any) -> str:
    text = _text(value)
    if not text.strip() or "\n" in text:
        raise ValueError("must be the name of a secret")
    return text


def _as_given(value: Any) -> Any:
    return value


BUILTIN_PARAMETER_TYPES: dict[str, ParameterType] = {
    kind.name: kind
    for kind in (
        ParameterType("string", _text, {"type": "string"}, cel="string", text=True),
        ParameterType("integer", _integer, {"type": "integer"}, cel="int", number=True),
        ParameterType("number", _number, {"type": "number"}, cel="double", number=True),
        ParameterType("boolean", _boolean, {"type": "boolean"}, cel="bool"),
        ParameterType("choice", _as_given, {}),
        ParameterType("path", _path, {"type": "string", "minLength": 1}, cel="string", text=True),
        ParameterType("secret", _secret, {"type": "string", "minLength": 1}, cel="string"),
        ParameterType("json", _as_given, {}),
    )
}
