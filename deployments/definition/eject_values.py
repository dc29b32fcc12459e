"""Write templates and expressions as Python over the scope ``s`` of an ejected step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from prefect_luthier.deployments.definition.cel_to_python import to_python
from prefect_luthier.deployments.definition.cel_tokens import references
from prefect_luthier.deployments.definition.shell_words import contexts
from prefect_luthier.deployments.definition.templates import (
    is_template,
    placeholders,
    whole_placeholder,
)

_QUOTES = {"double": "'\"'", "single": '"\'"'}
_LONG = 60


def literal_source(value: Any) -> str:
    """Return a JSON value or tuple as Python, with double quotes where that is plainer."""
    if isinstance(value, str):
        plain = repr(value)
        return f'"{plain[1:-1]}"' if plain[0] == "'" and not set("\"'") & set(value) else plain
    if isinstance(value, Mapping):
        pairs = (f"{literal_source(k)}: {literal_source(v)}" for k, v in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, tuple):
        items = [literal_source(item) for item in value]
        return f"({', '.join(items)}{',' if len(items) == 1 else ''})"
    if isinstance(value, list):
        return f"[{', '.join(literal_source(item) for item in value)}]"
    return repr(value)


def name_source(parts: tuple[str, ...]) -> tuple[str, int] | None:
    """Return Python for a dotted name and how many of its parts that covers."""
    root = parts[0]
    if root in ("item", "index"):
        return f"s.{root}", 1
    if root in ("params", "run") and len(parts) > 1:
        return f's.{root}["{parts[1]}"]', 2
    if root == "steps" and len(parts) > 2:  # noqa: PLR2004 - steps.<id>.<field>
        if parts[2] == "state":
            return f's.state("{parts[1]}")', 3
        if len(parts) > 3:  # noqa: PLR2004 - steps.<id>.outputs.<name>
            return f's.outputs("{parts[1]}")["{parts[3]}"]', 4
        return f's.outputs("{parts[1]}")', 3
    return None


def expression_source(expression: str) -> str:
    """Return Python for a CEL expression; what Python says differently stays CEL."""
    translated = to_python(expression, name_source)
    if translated is not None:
        return _without_outer_brackets(translated)
    names: dict[str, str] = {}
    for reference in references(expression):
        source = name_source(reference.parts)
        if source is not None:
            names[reference.name(source[1])] = source[0]
    items = ", ".join(f"{name!r}: {source}" for name, source in names.items())
    return f"evaluate({literal_source(expression)}, {{{items}}})"


def _without_outer_brackets(source: str) -> str:
    if not (source.startswith("(") and source.endswith(")")):
        return source
    depth = 0
    for position, char in enumerate(re.sub(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"",
                                           lambda m: "_" * len(m.group()), source)):  # fmt: skip
        depth += {"(": 1, ")": -1}.get(char, 0)
        if depth == 0 and position < len(source) - 1:
            return source
    return source[1:-1]


def text_source(template: str) -> str:
    """Return Python that gives the text of a template."""
    if not is_template(template):
        return literal_source(template)
    return _joined(
        template, [f"text({expression_source(p.expression)})" for p in placeholders(template)]
    )


def command_source(template: str) -> str:
    """Return Python that gives a shell command with its placeholders quoted."""
    if not is_template(template):
        return _literal(template)
    found = placeholders(template)
    words = []
    for placeholder, context in zip(found, contexts(template, found), strict=True):
        quotes = f", {_QUOTES[context]}" if context in _QUOTES else ""
        words.append(f"word({expression_source(placeholder.expression)}{quotes})")
    return _joined(template, words)


def _joined(template: str, sources: list[str]) -> str:
    pieces: list[str] = []
    position = 0
    for placeholder, source in zip(placeholders(template), sources, strict=True):
        if placeholder.start > position:
            pieces.append(_literal(template[position : placeholder.start]))
        pieces.append(source)
        position = placeholder.end
    if position < len(template):
        pieces.append(_literal(template[position:]))
    line = " + ".join(pieces)
    if len(line) <= _LONG and "\n" not in line:
        return line
    return "(\n    " + "\n    + ".join(piece.replace("\n", "\n    ") for piece in pieces) + "\n)"


def _literal(text: str) -> str:
    """Return a text as Python, a line of text on each line."""
    lines = text.splitlines(keepends=True)
    if len(lines) < 2:  # noqa: PLR2004 - one line needs no brackets
        return literal_source(text)
    return "(\n    " + "\n    ".join(literal_source(line) for line in lines) + "\n)"


def value_source(value: Any) -> str:
    """Return Python for a JSON value whose texts may be templates."""
    if isinstance(value, Mapping):
        return _braced(
            "{", [f"{literal_source(k)}: {value_source(v)}" for k, v in value.items()], "}"
        )
    if isinstance(value, list | tuple):
        return _braced("[", [value_source(item) for item in value], "]")
    if not is_template(value):
        return _literal(value) if isinstance(value, str) else literal_source(value)
    whole = whole_placeholder(value)
    return expression_source(whole.expression) if whole else text_source(value)


def _braced(opening: str, items: list[str], closing: str) -> str:
    line = f"{opening}{', '.join(items)}{closing}"
    if len(line) <= _LONG and "\n" not in line:
        return line
    body = "".join("    " + item.replace("\n", "\n    ") + ",\n" for item in items)
    return f"{opening}\n{body}{closing}"
