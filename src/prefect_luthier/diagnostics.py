"""Diagnostics: findings with a code, a place in the source, candidates and a fix."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from prefect_luthier.terminal_text import inert

Severity = Literal["error", "warning"]

MAX_CANDIDATES = 5


@dataclass(frozen=True, order=True)
class Span:
    """A half-open range in a text. Lines and columns count from 1, columns in characters."""

    line: int
    column: int
    end_line: int
    end_column: int


@dataclass(frozen=True)
class Edit:
    """Replace the text in ``span`` by ``text``; an empty span inserts."""

    span: Span
    text: str


@dataclass(frozen=True)
class Fix:
    """A machine-applicable repair: its edits are made together or not at all."""

    title: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class Diagnostic:
    """One finding.

    Args:
        code: Stable, hyphenated identifier, e.g. ``"unknown-step"``.
        severity: An ``error`` makes the definition invalid, a ``warning`` does not.
        message: The value quoted, what was expected, a suggestion where there is one.
        pointer: JSON pointer of the value in the definition, ``""`` for the whole.
        span: Where it stands in the source, or None when the source has no text.
        candidates: Values that would be valid there, best first.
        fix: The repair, when there is exactly one that is surely meant.
        related: A second place that matters (the other duplicate), if any.
    """

    code: str
    severity: Severity
    message: str
    pointer: str = ""
    span: Span | None = None
    candidates: tuple[str, ...] = ()
    fix: Fix | None = None
    related: Span | None = None

    @property
    def is_error(self) -> bool:
        """Whether this finding makes the definition invalid."""
        return self.severity == "error"

    def to_json(self) -> dict[str, Any]:
        """Return the JSON twin printed by ``luthier validate --json``."""
        span = self.span
        return {
            "code": self.code,
            "severity": self.severity,
            "message": self.message,
            "line": span.line if span else None,
            "column": span.column if span else None,
            "end_line": span.end_line if span else None,
            "end_column": span.end_column if span else None,
            "pointer": self.pointer,
            "candidates": list(self.candidates),
            "fix": _fix_json(self.fix) if self.fix else None,
        }


def _fix_json(fix: Fix) -> dict[str, Any]:
    return {
        "title": fix.title,
        "edits": [
            {
                "line": edit.span.line,
                "column": edit.span.column,
                "end_line": edit.span.end_line,
                "end_column": edit.span.end_column,
                "text": edit.text,
            }
            for edit in fix.edits
        ],
    }


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Return whether any finding is an error."""
    return any(diagnostic.is_error for diagnostic in diagnostics)


def render(diagnostic: Diagnostic, lines: Sequence[str], path: str) -> str:
    """Return a finding as text: its place, its message, the source line and a caret.

    Args:
        diagnostic: The finding.
        lines: The source, split into lines without their ends.
        path: Name of the source, as the user gave it.
    """
    span = diagnostic.span
    head = f"{diagnostic.severity}[{diagnostic.code}] {inert(diagnostic.message)}"
    if span is None:
        place = f"{path}:{diagnostic.pointer}" if diagnostic.pointer else path
        return f"{place}: {head}"
    text = f"{path}:{span.line}:{span.column}: {head}"
    if span.line <= len(lines):
        text += "\n" + _snippet(lines[span.line - 1], span)
    if diagnostic.related:
        text += f"\n     = see also line {diagnostic.related.line}"
    if diagnostic.fix:
        text += f"\n     = fix: {inert(diagnostic.fix.title)}"
    return text


_SNIPPET_WIDTH = 160


def _snippet(line: str, span: Span) -> str:
    shown = line.expandtabs(1)
    start = max(0, span.column - 1 - _SNIPPET_WIDTH // 2) if len(shown) > _SNIPPET_WIDTH else 0
    shown = inert(shown[start : start + _SNIPPET_WIDTH])
    last = span.end_column if span.end_line == span.line else len(line) + 1
    width = max(1, min(last - span.column, _SNIPPET_WIDTH - (span.column - 1 - start)))
    number = f"{span.line:>5}"
    return (
        f"{number} | {shown}\n{' ' * len(number)} | {' ' * (span.column - 1 - start)}{'^' * width}"
    )


def apply_fixes(text: str, fixes: Iterable[Fix]) -> str:
    """Return ``text`` with every fix applied whose edits overlap no earlier one.

    Raises:
        ValueError: An edit lies outside the text.
    """
    offsets = [0]
    for line in text.split("\n"):  # not splitlines: U+2028 and the like end no line of TOML
        offsets.append(offsets[-1] + len(line) + 1)
    chosen: list[tuple[int, int, str]] = []
    for fix in fixes:
        edits = [_edit_range(edit, offsets) for edit in fix.edits]
        if not any(_overlaps(edit, other) for edit in edits for other in chosen):
            chosen += edits
    for start, end, replacement in sorted(chosen, reverse=True):
        text = text[:start] + replacement + text[end:]
    return text


def _edit_range(edit: Edit, offsets: Sequence[int]) -> tuple[int, int, str]:
    span = edit.span
    if not 1 <= span.line <= span.end_line <= len(offsets):
        raise ValueError(f"edit outside the text: {span}")
    return (
        offsets[span.line - 1] + span.column - 1,
        offsets[span.end_line - 1] + span.end_column - 1,
        edit.text,
    )


def _overlaps(a: tuple[int, int, str], b: tuple[int, int, str]) -> bool:
    return (a[0] < b[1] and b[0] < a[1]) or a[0] == b[0]
