"""Texts with ``${{ expression }}`` placeholders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from prefect_luthier.canonical import canonical_json
from prefect_luthier.deployments.definition.cel_tokens import tokens

OPEN = "${{"
CLOSE = "}}"

_BRACKETS = {"{": 1, "}": -1}


@dataclass(frozen=True)
class Placeholder:
    """One ``${{ expression }}``.

    Args:
        expression: The CEL text between the braces, without surrounding blanks.
        start: Offset of ``${{`` in the template.
        end: Offset behind ``}}``.
        expression_start: Offset of the expression.
    """

    expression: str
    start: int
    end: int
    expression_start: int


class TemplateError(ValueError):
    """A placeholder that is not closed; ``offset`` says where it begins."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"`{OPEN}` at character {offset + 1} is not closed by `{CLOSE}`")
        self.offset = offset


def placeholders(template: str) -> list[Placeholder]:
    """Return the placeholders of a template in order.

    Raises:
        TemplateError: One is not closed.
    """
    found, unclosed = scan(template)
    if unclosed is not None:
        raise TemplateError(unclosed)
    return found


def scan(template: str) -> tuple[list[Placeholder], int | None]:
    """Return the placeholders of a template, and the offset of one that is not closed."""
    found: list[Placeholder] = []
    start = template.find(OPEN)
    while start >= 0:
        close = _find_close(template, start)
        if close is None:
            return found, start
        inside = template[start + len(OPEN) : close]
        offset = start + len(OPEN) + len(inside) - len(inside.lstrip())
        found.append(Placeholder(inside.strip(), start, close + len(CLOSE), offset))
        start = template.find(OPEN, close + len(CLOSE))
    return found, None


def _find_close(template: str, start: int) -> int | None:
    # Braces of CEL maps and braces inside strings do not close the placeholder.
    depth = 0
    for token in tokens(template, start + len(OPEN)):
        if token.kind != "mark":
            continue
        if token.text == "}" and depth == 0:
            if template.startswith(CLOSE, token.start):
                return token.start
            break
        depth += _BRACKETS.get(token.text, 0)
    return None


def is_template(value: Any) -> bool:
    """Return whether ``value`` is text with a placeholder."""
    return isinstance(value, str) and OPEN in value


def whole_placeholder(template: str) -> Placeholder | None:
    """Return the placeholder when the template is exactly one, so that its type is kept."""
    if not (template.startswith(OPEN) and template.endswith(CLOSE)):
        return None
    found = placeholders(template)
    only = found[0] if len(found) == 1 else None
    return only if only and (only.start, only.end) == (0, len(template)) else None


def to_text(value: Any) -> str:
    """Return a value as it stands inside a text: null is empty, lists and maps are JSON."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004 - beyond, repr says it shorter
        return str(int(value))
    if isinstance(value, list | dict):
        return canonical_json(value).decode()
    return str(value)
