"""Parse TOML: `tomllib` decides what is valid, and every syntax error is reported at once.

After an error the statement at fault is blanked out and the rest is parsed again, so that one
slip does not hide the next.
"""

from __future__ import annotations

import re
import time
import tomllib
from dataclasses import dataclass, field
from typing import Any

from prefect_luthier.deployments.definition.positions import LineIndex, Range, removal_range
from prefect_luthier.diagnostics import Diagnostic, Edit, Fix

MAX_SYNTAX_ERRORS = 20
_RECOVERY_LIMIT_S = 1.0
_MAX_KEY_PARTS = 100

_PLACE = re.compile(r"(?P<what>.*) \(at line (?P<line>\d+), column (?P<column>\d+)\)\Z", re.DOTALL)
_STATEMENT = re.compile(r"[ \t]*(?:\[|[\w\"'-][^=\n]*=|[\w-]+[ \t]*:)")
_TWICE = ("Cannot overwrite", "Cannot declare", "Duplicate inline table key")
_UNCLOSED = ("Unclosed", "Invalid value", "Expected", "Invalid initial character")


@dataclass
class Parsed:
    """What parsing gave.

    Args:
        data: The value, None when it cannot be used.
        diagnostics: Syntax findings.
        has_duplicates: Whether some key is given twice; the positions say which.
    """

    data: Any
    diagnostics: list[Diagnostic] = field(default_factory=list)
    has_duplicates: bool = False


def parse_toml(text: str) -> Parsed:
    """Return the data of TOML text and its syntax findings."""
    deep = _deep_key(text)
    if deep is not None:
        return Parsed(None, [_too_deep(text, deep)])
    try:
        return Parsed(tomllib.loads(text))
    except RecursionError:
        return Parsed(None, [_too_deep(text, _deepest_bracket(text))])
    except ValueError as error:  # TOMLDecodeError, and integers beyond Python's digit limit
        return _Recovery(text).parsed(error)


def _deep_key(text: str) -> int | None:
    """Return the offset of a key with so many parts that parsing would take quadratic time."""
    if text.count(".") <= _MAX_KEY_PARTS:
        return None
    offset = 0
    for line in text.split("\n"):
        if line.count(".") > _MAX_KEY_PARTS:
            key = line.split("=", maxsplit=1)[0]
            if key.count(".") > _MAX_KEY_PARTS and re.fullmatch(r"[\s\[\]\w\"'.-]*", key):
                return offset
        offset += len(line) + 1
    return None


def _deepest_bracket(text: str) -> int:
    depth = deepest = place = 0
    for match in re.finditer(r"[\[{\]}]", text):
        depth += 1 if match.group() in "[{" else -1
        if depth > deepest:
            deepest, place = depth, match.start()
    return place


def _too_deep(text: str, offset: int) -> Diagnostic:
    span = LineIndex(text).span(offset, offset + 1)
    return Diagnostic("too-deep", "error", "values are nested too deep here.", span=span)


class _Recovery:
    def __init__(self, text: str) -> None:
        self._text = text
        self._work = text
        self._index = LineIndex(text)
        self._lines = text.split("\n")
        self._found: list[Diagnostic] = []
        self._deadline = time.monotonic() + _RECOVERY_LIMIT_S

    def parsed(self, error: ValueError) -> Parsed:
        duplicates = self._blank_duplicates() if _says_twice(error) else False
        data: Any = None
        for _ in range(MAX_SYNTAX_ERRORS):
            try:
                data = tomllib.loads(self._work)
                break
            except RecursionError:
                self._found.append(_too_deep(self._work, _deepest_bracket(self._work)))
                break
            except ValueError as failure:
                if _says_twice(failure) and not duplicates:
                    duplicates = self._blank_duplicates()
                    if duplicates:
                        continue
                if not self._note(str(failure)) or time.monotonic() > self._deadline:
                    break
        return Parsed(None if self._found else data, self._found, duplicates)

    def _blank_duplicates(self) -> bool:
        from prefect_luthier.deployments.definition.toml_positions import (  # noqa: PLC0415 - 30 ms, only with findings
            toml_positions,
        )

        positions = toml_positions(self._work)
        cuts: list[Range] = []
        for duplicate in positions.duplicates:
            parent = positions.places.get(duplicate.path[:-1])
            in_line = parent is not None and self._work[parent.value[0]] == "{"
            if duplicate.again.whole:
                cuts.append(removal_range(self._work, duplicate.again.whole, in_line=in_line))
        for cut in cuts:
            self._blank(cut)
        return bool(cuts)

    def _blank(self, found: Range) -> None:
        start, end = found
        blank = re.sub(r"[^\r\n]", " ", self._work[start:end])
        self._work = self._work[:start] + blank + self._work[end:]

    def _note(self, message: str) -> bool:
        """Note one error and blank its statement; return whether that changed anything."""
        match = _PLACE.match(message)
        if match:
            what, line, column = match["what"], int(match["line"]), int(match["column"])
        else:
            what = message.removesuffix(" (at end of document)")
            line, column = self._last_opened(), 1
        line = min(line, len(self._lines))
        first, last = self._statement(what, line, column, at_end=match is None)
        if first < line and match and last < line:
            line, column = first, 1  # the statement before is not closed
        self._found.append(self._diagnostic(what, line, column, first, last))
        before = self._work
        self._blank((self._index.offset(first, 1), self._end_of(last)))
        return self._work != before

    def _end_of(self, line: int) -> int:
        return self._index.offset(line, 1) + len(self._lines[line - 1])

    def _statement(self, what: str, line: int, column: int, *, at_end: bool) -> Range:
        """Return the first and last line of the statement at fault."""
        if at_end:
            return line, len(self._lines)
        text = self._work_line(line)
        starts_here = bool(_STATEMENT.match(text))
        at_first_token = column - 1 <= len(text) - len(text.lstrip())
        if starts_here and at_first_token and what.startswith(_UNCLOSED) and line > 1:
            previous = self._statement_start(line - 1)
            if _opens(self._work_line(previous)):
                return previous, line - 1
        return (line if starts_here else self._statement_start(line)), line

    def _work_line(self, line: int) -> str:
        start = self._index.offset(line, 1)
        return self._work[start : start + len(self._lines[line - 1])]

    def _statement_start(self, line: int) -> int:
        for candidate in range(line, 0, -1):
            if _STATEMENT.match(self._work_line(candidate)):
                return candidate
        return line

    def _last_opened(self) -> int:
        """Return the line of the last statement that opens something and does not close it."""
        for line in range(len(self._lines), 0, -1):
            text = self._work_line(line)
            if text.count('"""') % 2 or text.count("'''") % 2 or _opens(text):
                return line
        return self._statement_start(len(self._lines))

    def _diagnostic(self, what: str, line: int, column: int, first: int, last: int) -> Diagnostic:
        from prefect_luthier.deployments.definition.toml_repairs import (  # noqa: PLC0415 - its expressions take time to compile
            explained,
            repaired,
        )

        text = self._work_line(first)
        start = self._index.offset(line, column)
        if column > len(self._lines[line - 1].rstrip()):  # nothing stands there: show the line
            start = self._index.offset(line, 1) + len(text) - len(text.lstrip())
        span = self._index.span(start, max(start + 1, self._end_of(line)))
        repair = repaired(text) if first == last else None
        fix = None
        message = explained(what, text)
        if repair is not None:
            offset = self._index.offset(first, 1)
            span = self._index.span(offset + repair.start, offset + repair.end)
            fix = Fix(repair.title, (Edit(span, repair.text),))
            message = repair.reason
        return Diagnostic("toml-syntax", "error", message, span=span, fix=fix)


def _says_twice(error: ValueError) -> bool:
    return str(error).startswith(_TWICE)


def _opens(line: str) -> bool:
    """Return whether a line opens more brackets behind `=` than it closes."""
    _, equals, value = line.partition("=")
    if not equals:
        return False
    value = re.sub(r"\"(?:\\.|[^\"\\])*\"|'[^']*'", "", value)
    return value.count("[") > value.count("]") or value.count("{") > value.count("}")
