"""Put parameter values into templates and expressions, leaving the rest for the run."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any

from prefect_luthier.deployments.definition.cel_tokens import references
from prefect_luthier.deployments.definition.expressions import evaluate, fill
from prefect_luthier.deployments.definition.shell_words import contexts, quoted, unsafe_place
from prefect_luthier.deployments.definition.templates import (
    CLOSE,
    OPEN,
    is_template,
    placeholders,
    to_text,
    whole_placeholder,
)


class ParameterBinder:
    """Fills in the parameters that it knows; other names stay.

    Args:
        values: Parameter values by name. Secret parameters are left out, so that they stay
            placeholders until the step runs.
        dynamic: Parameters whose values have no one type, so that CEL must not check them.
    """

    def __init__(self, values: Mapping[str, Any], dynamic: Collection[str] = ()) -> None:
        self._bindings = {f"params.{name}": value for name, value in values.items()}
        self._literals = {
            f"params.{name}": f"dyn({literal(value)})" if name in dynamic else literal(value)
            for name, value in values.items()
        }

    def bind(self, value: Any) -> Any:
        """Return ``value`` with every placeholder resolved that only reads known parameters."""
        if isinstance(value, Mapping):
            return {key: self.bind(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.bind(item) for item in value]
        if not is_template(value):
            return value
        whole = whole_placeholder(value)
        if whole and self._is_known(whole.expression):
            return escaped(evaluate(whole.expression, self._bindings))
        return fill(value, self._text)

    def bind_env(self, env: Mapping[str, str]) -> dict[str, str]:
        """Return environment variables with their placeholders resolved, always as text."""
        return {name: self.bind_text(value) for name, value in env.items()}

    def bind_text(self, template: str) -> str:
        """Return a text with its placeholders resolved, as text again."""
        return fill(template, self._text) if is_template(template) else template

    def bind_expression(self, expression: str) -> str:
        """Return a CEL expression with known parameters replaced by their values."""
        pieces: list[str] = []
        position = 0
        for reference in references(expression):
            name = reference.name(2)
            if name in self._bindings:
                end = reference.ends[1]
                pieces += [expression[position : reference.start], self._literals[name]]
                position = end
        return "".join([*pieces, expression[position:]])

    def bind_command(self, template: str) -> str:
        """Return a shell command in which known parameters stand quoted."""
        if not is_template(template):
            return template
        found = placeholders(template)
        pieces: list[str] = []
        position = 0
        for placeholder, context in zip(found, contexts(template, found), strict=True):
            pieces += [
                template[position : placeholder.start],
                self._word(placeholder.expression, context),
            ]
            position = placeholder.end
        return "".join([*pieces, template[position:]])

    def _word(self, expression: str, context: str) -> str:
        if not self._is_known(expression) or unsafe_place(context):
            return self._rest(expression)
        text = to_text(evaluate(expression, self._bindings))
        return _placeholder(literal(text)) if OPEN in text else quoted(text, context)

    def _text(self, expression: str) -> str:
        if not self._is_known(expression):
            return self._rest(expression)
        return str(escaped(to_text(evaluate(expression, self._bindings))))

    def _rest(self, expression: str) -> str:
        return _placeholder(self.bind_expression(expression))

    def _is_known(self, expression: str) -> bool:
        return all(reference.name(2) in self._bindings for reference in references(expression))


def escaped(value: Any) -> Any:
    """Return ``value`` as a template that yields it: text with ``${{`` becomes a placeholder."""
    if isinstance(value, Mapping):
        return {key: escaped(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [escaped(item) for item in value]
    return _placeholder(literal(value)) if is_template(value) else value


def _placeholder(expression: str) -> str:
    return f"{OPEN} {expression} {CLOSE}"


def literal(value: Any) -> str:
    """Return ``value`` written in CEL."""
    if isinstance(value, str):
        return '"' + "".join(_escape(char) for char in value) + '"'
    if value is None:
        return "dyn(null)"  # comparing null with anything is allowed only for dynamic values
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"({value!r})" if math.isfinite(value) else f'double("{value}")'
    if isinstance(value, int):
        return f"({value})"
    if isinstance(value, Mapping):
        items = ", ".join(f"{literal(str(key))}: {literal(item)}" for key, item in value.items())
        return f"dyn({{{items}}})"
    return f"dyn([{', '.join(literal(item) for item in value)}])"


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "$": "\\x24"}


def _escape(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    return char if char.isprintable() else f"\\U{ord(char):08x}"
