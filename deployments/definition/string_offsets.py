"""Find the place of a character of a string in the way the string is written in the source."""

from __future__ import annotations

import re

from prefect_luthier.deployments.definition.positions import Range

_ESCAPE = re.compile(r"\\(?:u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[ \t]*\r?\n[ \t\r\n]*|.)", re.DOTALL)
_HIGH_SURROGATE = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}")
_LOW_SURROGATE = re.compile(r"\\u[dD][c-fC-F][0-9a-fA-F]{2}")
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
    found = _characters(raw, first, body_end, escapes=delimiter.startswith('"'))
    if len(found) != len(value) or end > len(value):
        return None
    begin = found[start][0] if start < len(found) else body_end
    return begin, (found[end - 1][1] if end > start else begin)


def _characters(raw: str, first: int, body_end: int, *, escapes: bool) -> list[Range]:
    """Return for each character of the value where it is written in ``raw``."""
    found: list[Range] = []
    position = first
    while position < body_end:
        match = _ESCAPE.match(raw, position) if escapes else None
        if match and "\n" in match.group():
            position = match.end()  # a line-ending backslash stands for nothing
            continue
        width = match.end() - position if match else 1
        if match and _HIGH_SURROGATE.match(raw, position):
            pair = _LOW_SURROGATE.match(raw, match.end())
            width = (pair.end() if pair else match.end()) - position  # one character in JSON
        elif not match and raw.startswith("\r\n", position):
            width = 2
        found.append((position, position + width))
        position += width
    return found
