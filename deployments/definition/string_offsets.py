"""Find the place of a character of a string in the way the string is written in the source."""

from __future__ import annotations

import re

from prefect_luthier.deployments.definition.positions import Range

_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[ \t]*\r?\n[ \t\r\n]*|.)", re.DOTALL)
_DELIMITERS = ('"""', "'''", '"', "'")


def written_range(raw: str, value: str, start: int, end: int) -> Range | None:
    """Return where the characters ``start`` to ``end`` of ``value`` stand in ``raw``.

    Args:
        raw: A string as TOML or JSON writes it, with its quotes.
        value: The text it means.
        start: Offset of the first character in ``value``.
        end: Offset behind the last.

    Returns:
        Offsets in ``raw``, or None when they cannot be told.
    """
    delimiter = next((mark for mark in _DELIMITERS if raw.startswith(mark)), "")
    if not delimiter:
        return None
    first = len(delimiter)
    if len(delimiter) > 1:  # a newline right behind the opening quotes is not part of the text
        first += 2 if raw.startswith("\r\n", first) else int(raw.startswith("\n", first))
    body_end = len(raw) - len(delimiter)
    if raw[first:body_end] == value:
        return first + start, first + end
    offsets = _offsets(raw, first, body_end, escapes=delimiter.startswith('"'))
    if len(offsets) != len(value) + 1 or end > len(value):
        return None
    return offsets[start], offsets[end]


def _offsets(raw: str, first: int, body_end: int, *, escapes: bool) -> list[int]:
    """Return for each character of the value, and for its end, the offset in ``raw``."""
    offsets: list[int] = []
    position = first
    while position < body_end:
        match = _ESCAPE.match(raw, position) if escapes else None
        if match and "\n" in match.group() and match.group()[1] not in "uU":
            position = match.end()  # a line-ending backslash stands for nothing
            continue
        offsets.append(position)
        if match:
            width = match.end() - position
            if raw.startswith("\\ud8", position) and raw.startswith("\\ud", match.end()):
                width *= 2  # a surrogate pair of JSON is one character
            position += width
        elif raw.startswith("\r\n", position):
            position += 2
        else:
            position += 1
    return [*offsets, body_end]
