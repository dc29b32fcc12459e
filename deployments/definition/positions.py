"""Where the keys and values of a definition stand in its text."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

from prefect_luthier.diagnostics import Span
from prefect_luthier.pointers import Path

Range = tuple[int, int]


@dataclass(frozen=True)
class Place:
    """Offsets of one entry of a definition.

    Args:
        value: Range of the value; of a table, of its header.
        key: Range of the key, or of its part of a table header; None for an item of a list.
        whole: Range of key and value, or None when the entry cannot be cut out of the text.
    """

    value: Range
    key: Range | None = None
    whole: Range | None = None


@dataclass(frozen=True)
class Duplicate:
    """A key that is given twice: where it stands first, and the later entry."""

    path: Path
    first: Range
    again: Place


@dataclass
class Positions:
    """Where everything stands in a text.

    Attributes:
        places: The place of every key and value, by path.
        duplicates: Keys that are given twice.
        keys: Every range where a key is written, by path: a table's name recurs in headers.
    """

    places: dict[Path, Place] = field(default_factory=dict)
    duplicates: list[Duplicate] = field(default_factory=list)
    keys: dict[Path, list[Range]] = field(default_factory=dict)


class LineIndex:
    """Turns offsets of a text into lines and columns, both from 1, columns in characters."""

    def __init__(self, text: str) -> None:
        self._length = len(text)
        self._starts = [0]
        position = text.find("\n")
        while position >= 0:
            self._starts.append(position + 1)
            position = text.find("\n", position + 1)

    def span(self, start: int, end: int) -> Span:
        """Return the span between two offsets."""
        return Span(*self._place(start), *self._place(max(start, end)))

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a line and column."""
        return min(self._starts[min(line, len(self._starts)) - 1] + column - 1, self._length)

    def _place(self, offset: int) -> tuple[int, int]:
        offset = min(max(offset, 0), self._length)
        line = bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


def removal_range(text: str, found: Range, *, in_line: bool) -> Range:
    """Return ``found`` with the comma, or the whole line, that would be left over.

    Args:
        text: The source.
        found: Range of the entry.
        in_line: Whether it is an item of a list or of an inline table.
    """
    start, end = found
    if in_line:
        after = _LEADING_COMMA.match(text, end)
        if after:
            return start, after.end()
        before = text[:start].rstrip()
        return (len(before) - 1 if before.endswith(",") else start), end
    rest = _REST_OF_LINE.match(text, end)
    line_start = text.rfind("\n", 0, start) + 1
    if rest and not text[line_start:start].strip():
        return line_start, rest.end()
    return start, end


_LEADING_COMMA = re.compile(r"\s*,[ \t]*(?:\r?\n[ \t]*)?")
_REST_OF_LINE = re.compile(r"[ \t]*(?:#[^\n]*)?(?:\n|\Z)")
