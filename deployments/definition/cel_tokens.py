"""The tokens of a CEL expression, and the names that it refers to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

ROOTS = frozenset({"params", "steps", "item", "index", "run"})

_TOKEN = re.compile(
    r"""
    (?P<space>\s+|//[^\n]*)
  | (?P<string>(?:[bB]?[rR]|[rR][bB])(?:\"{3}.*?\"{3}|'{3}.*?'{3}|"[^"\n]*"|'[^'\n]*')
      | [bB]?(?:\"{3}(?:\\.|[^\\])*?\"{3}|'{3}(?:\\.|[^\\])*?'{3}
               |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
  | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
  | (?P<number>0[xX][0-9a-fA-F]+[uU]?|\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[uU]?)
  | (?P<mark>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    """A piece of an expression; ``kind`` is string, name, number or mark."""

    kind: str
    text: str
    start: int
    end: int


@dataclass(frozen=True)
class Reference:
    """A dotted name such as ``steps.history.outputs.stdout`` and where it stands.

    ``ends`` holds, for each part, the offset behind it in the expression.
    """

    parts: tuple[str, ...]
    start: int
    ends: tuple[int, ...]

    @property
    def end(self) -> int:
        """Offset behind the last part."""
        return self.ends[-1]

    def name(self, length: int | None = None) -> str:
        """Return the dotted text of the first ``length`` parts."""
        return ".".join(self.parts[:length])


def tokens(expression: str, start: int = 0) -> Iterator[Token]:
    """Yield the tokens from ``start``; never fails, a stray character is a ``mark``."""
    for match in _TOKEN.finditer(expression, start):
        kind = match.lastgroup or "mark"
        if kind != "space":
            yield Token(kind, match.group(), match.start(), match.end())


def references(expression: str) -> list[Reference]:
    """Return every dotted name that starts at one of the roots (params, steps, item, …)."""
    found: list[Reference] = []
    items = list(tokens(expression))
    position = 0
    while position < len(items):
        token = items[position]
        after_dot = position > 0 and items[position - 1].text == "."
        position += 1
        if token.kind != "name" or after_dot or token.text not in ROOTS:
            continue
        chain = [token]
        while (
            position + 1 < len(items)
            and items[position].text == "."
            and items[position + 1].kind == "name"
        ):
            chain.append(items[position + 1])
            position += 2
        if len(chain) > 1 and position < len(items) and items[position].text == "(":
            chain.pop()  # the last part is a method: `steps.a.outputs.b.size()`
        found.append(
            Reference(
                tuple(part.text for part in chain), token.start, tuple(part.end for part in chain)
            )
        )
    return found
