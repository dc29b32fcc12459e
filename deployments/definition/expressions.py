"""CEL expressions: compile them with types, evaluate them, fill them into templates."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cel_expr_python import cel

from prefect_luthier.deployments.definition.cel_compiler import CelError, Use, compiled, share
from prefect_luthier.deployments.definition.cel_tokens import Reference, references
from prefect_luthier.deployments.definition.shell_words import (
    UnsafePlacement,
    contexts,
    quoted,
    unsafe_place,
)
from prefect_luthier.deployments.definition.templates import (
    TemplateError,
    is_template,
    placeholders,
    to_text,
    whole_placeholder,
)
from prefect_luthier.errors import LuthierError

Bindings = Mapping[str, Any]

_INT64_MAX = 2**63 - 1
_MAX_DEPTH = 100


class ExpressionError(LuthierError):
    """An expression that cannot be compiled or evaluated with the values given."""

    def __init__(self, expression: str, reason: str) -> None:
        shown = expression if len(expression) <= 200 else expression[:200] + "…"  # noqa: PLR2004 - a line of text
        super().__init__("expression-failed", f"`{shown}`: {reason}")
        self.reason = reason


def evaluate(expression: str, bindings: Bindings) -> Any:
    """Return the value of a CEL expression as plain JSON data.

    Args:
        expression: The CEL text.
        bindings: Dotted names such as ``params.repo`` or ``steps.history.outputs.stdout`` and
            their values.

    Raises:
        ExpressionError: It does not compile, a name is not bound, or its evaluation fails.
    """
    uses = [_use(expression, reference, bindings) for reference in references(expression)]
    names: dict[str, str] = {}
    try:
        program, names = _program(expression, uses)
        value = program.eval(data={v: _cel_input(bindings[name]) for v, name in names.items()})
        plain = value.plain_value()
    except (CelError, RuntimeError, ValueError, TypeError) as error:
        raise ExpressionError(expression, _reason(str(error), names)) from error
    if value.type().name() == "ERROR":
        raise ExpressionError(expression, _reason(str(plain), names))
    return _json_value(plain)


def _use(expression: str, reference: Reference, bindings: Bindings) -> Use:
    for length in range(len(reference.parts), 0, -1):
        if reference.name(length) in bindings:
            return reference, length, "dyn"
    raise ExpressionError(expression, f"`{reference.name()}` has no value here.")


def _program(expression: str, uses: Sequence[Use]) -> tuple[cel.Expression, dict[str, str]]:
    shared = share(expression, uses)
    if shared is not None:
        return compiled(shared[0]), shared[1]
    names = {reference.name(length) for reference, length, _ in uses}
    environment = cel.NewEnv(variables=dict.fromkeys(names, cel.Type.DYN))
    return environment.compile(expression), {name: name for name in names}


_STATUS = re.compile(r"^(?:[A-Z_]+: )*(?:<input>:-?\d+:-?\d+: )?")


def _reason(message: str, names: Mapping[str, str]) -> str:
    line = message.strip().splitlines()[0] if message.strip() else "evaluation failed"
    line = _STATUS.sub("", re.sub(r" \[[A-Z_]+\]$", "", line))
    for variable, name in names.items():
        line = line.replace(variable, name)
    return line


def _cel_input(value: Any, depth: int = 0) -> Any:
    # CEL's integers have 64 bits; a larger one becomes a double instead of an error.
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _INT64_MAX:
        return float(value)
    if isinstance(value, str):
        return value.encode(errors="replace").decode() if not value.isascii() else value
    if depth > _MAX_DEPTH:
        raise LuthierError("value-too-deep", f"a value is nested more than {_MAX_DEPTH} levels.")
    if isinstance(value, Mapping):
        return {str(key): _cel_input(item, depth + 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cel_input(item, depth + 1) for item in value]
    return value


def _json_value(value: Any) -> Any:
    if isinstance(value, dict):
        return {to_text(_json_value(key)): _json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_json_value(item) for item in value]
    if isinstance(value, bytes | bytearray):
        return bytes(value).decode(errors="replace")
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, dt.timedelta):
        return f"{to_text(value.total_seconds())}s"
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def interpolate(value: Any, bindings: Bindings) -> Any:
    """Return ``value`` with every placeholder in it filled in, also inside lists and maps.

    A text that is exactly one placeholder becomes the value itself, of whatever type.

    Raises:
        ExpressionError: A placeholder cannot be evaluated.
    """
    if isinstance(value, Mapping):
        return {key: interpolate(item, bindings) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [interpolate(item, bindings) for item in value]
    if not is_template(value):
        return value
    try:
        whole = whole_placeholder(value)
        if whole:
            return evaluate(whole.expression, bindings)
        return fill(value, lambda expression: to_text(evaluate(expression, bindings)))
    except TemplateError as error:
        raise ExpressionError(value, str(error)) from error


def fill(template: str, text_of: Callable[[str], str]) -> str:
    """Return ``template`` with each placeholder replaced by ``text_of(expression)``.

    Raises:
        TemplateError: A placeholder is not closed.
    """
    pieces: list[str] = []
    position = 0
    for found in placeholders(template):
        pieces += [template[position : found.start], text_of(found.expression)]
        position = found.end
    return "".join([*pieces, template[position:]])


def interpolate_command(template: str, bindings: Bindings) -> str:
    """Return a shell command with each placeholder filled in as part of one quoted word.

    Raises:
        ExpressionError: A placeholder cannot be evaluated.
        UnsafePlacement: A placeholder stands where a value cannot be quoted.
    """
    try:
        return fill_command(template, lambda expression: evaluate(expression, bindings))
    except TemplateError as error:
        raise ExpressionError(template, str(error)) from error


def fill_command(template: str, value_of: Callable[[str], Any]) -> str:
    """Return a shell command with ``value_of(expression)`` quoted for each placeholder's place.

    Raises:
        TemplateError: A placeholder is not closed.
        UnsafePlacement: A placeholder stands where a value cannot be quoted.
    """
    found = placeholders(template)
    pieces: list[str] = []
    position = 0
    for placeholder, context in zip(found, contexts(template, found), strict=True):
        value = value_of(placeholder.expression)
        place = unsafe_place(context)
        if place and not _is_number_in_arithmetic(value, context):
            raise UnsafePlacement(placeholder.expression, place)
        pieces += [template[position : placeholder.start], quoted(to_text(value), context)]
        position = placeholder.end
    return "".join([*pieces, template[position:]])


def _is_number_in_arithmetic(value: Any, context: str) -> bool:
    return context.startswith("arithmetic") and isinstance(value, int)
