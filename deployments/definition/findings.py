"""Collect findings about a document, each with its place and its repair."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from prefect_luthier.deployments.definition.document import Document
from prefect_luthier.deployments.definition.positions import Range
from prefect_luthier.deployments.definition.string_offsets import written_range
from prefect_luthier.diagnostics import Diagnostic, Edit, Fix, Severity, Span
from prefect_luthier.pointers import Path, lookup, to_pointer
from prefect_luthier.suggestions import closest, surely_meant

MAX_FINDINGS = 1_000
MAX_COMPARISONS = 2_000_000


class Findings:
    """Findings about one document, in the order in which they were made.

    Args:
        document: What they are about.
    """

    def __init__(self, document: Document) -> None:
        self.document = document
        self._found: dict[tuple[str, str, Span | None], Diagnostic] = {}
        self._comparisons_left = MAX_COMPARISONS

    def __iter__(self) -> Any:
        """Iterate over the findings."""
        return iter(self._found.values())

    @property
    def full(self) -> bool:
        """Whether so much was found that more would help nobody."""
        return len(self._found) >= MAX_FINDINGS

    def add(
        self,
        code: str,
        message: str,
        path: Path = (),
        *,
        span: Span | None = None,
        at_key: bool = False,
        severity: Severity = "error",
        candidates: Sequence[str] = (),
        fix: Fix | None = None,
        related: Span | None = None,
    ) -> None:
        """Note a finding; the same one at the same place counts once.

        Args:
            code: Stable identifier.
            message: What is wrong, quoting the value.
            path: Path of the value in the definition.
            span: Where it stands; default: the value at ``path``, or its key.
            at_key: Whether the finding is about the key and not the value.
            severity: An error makes the definition invalid.
            candidates: What would be valid there, best first.
            fix: The repair that is surely meant.
            related: A second place that matters.
        """
        if self.full:
            return
        if span is None:
            span = self.document.key_span(path) if at_key else self.document.value_span(path)
        if span is None:  # it is about the whole text
            span = self.document.index.span(0, 0)
        self.add_diagnostic(
            Diagnostic(
                code, severity, message, to_pointer(path), span, tuple(candidates), fix, related
            )
        )

    def add_diagnostic(self, diagnostic: Diagnostic) -> None:
        """Note a finding that is made already."""
        if not self.full:
            key = (diagnostic.code, diagnostic.message, diagnostic.span)
            self._found.setdefault(key, diagnostic)

    def warn(self, code: str, message: str, path: Path = (), **details: Any) -> None:
        """Note a finding that leaves the definition valid."""
        self.add(code, message, path, severity="warning", **details)

    def suggest(self, name: str, known: Sequence[str]) -> tuple[tuple[str, ...], str | None]:
        """Return the candidates for a name, and the one that is surely meant.

        When thousands of wrong names meet thousands of right ones, the later get no candidates:
        a report in time is worth more than the thousandth suggestion.
        """
        self._comparisons_left -= len(known)
        if self._comparisons_left < 0:
            return (), None
        return closest(name, known), surely_meant(name, known)

    def inner_span(self, path: Path, start: int, end: int) -> Span | None:
        """Return the span of characters of the text at ``path``, else of the whole value."""
        found = self.inner_range(path, start, end)
        return self.document.span(found) if found else self.document.value_span(path)

    def inner_range(self, path: Path, start: int, end: int) -> Range | None:
        """Return the offsets of characters of the text at ``path``, or None."""
        place = self.document.places.get(path)
        value = lookup(self.document.data, path)
        if place is None or not isinstance(value, str):
            return None
        raw = self.document.text[slice(*place.value)]
        found = written_range(raw, value, start, end)
        return (place.value[0] + found[0], place.value[0] + found[1]) if found else None

    def replace_value(self, path: Path, value: Any, title: str = "") -> Fix | None:
        """Return the repair that writes another value at ``path``."""
        place = self.document.places.get(path)
        if place is None:
            return None
        text = self._written(value, self.document.text[slice(*place.value)])
        return self.edit(title or f"write {text}", [(place.value, text)])

    def replace_inside(self, path: Path, start: int, end: int, text: str, title: str) -> Fix | None:
        """Return the repair that replaces characters of the text at ``path``."""
        found = self.inner_range(path, start, end)
        if found is None or not text.isprintable() or any(mark in text for mark in "\\\"'"):
            return None
        return self.edit(title, [(found, text)])

    def rename_key(self, path: Path, name: str, *, merge: bool = False) -> Fix | None:
        """Return the repair that gives the key at ``path`` another name, wherever it stands.

        Args:
            path: The key.
            name: Its new name.
            merge: Whether a table of that name may exist, to which it is added.
        """
        siblings = lookup(self.document.data, path[:-1])
        if isinstance(siblings, dict) and name in siblings and not merge:
            return None
        found = self.document.key_ranges(path)
        text = json.dumps(name) if self.document.source.format == "json" else name
        return self.edit(f'rename it to "{name}"', [(key, text) for key in found])

    def remove(self, path: Path, title: str) -> Fix | None:
        """Return the repair that takes out the entry at ``path``."""
        found = self.document.removal_range(path)
        return self.edit(title, [(found, "")]) if found else None

    def edit(self, title: str, edits: Iterable[tuple[Range, str]]) -> Fix | None:
        """Return the repair that replaces ranges of the text; None when there are none."""
        made = tuple(Edit(self.document.span(found), text) for found, text in edits)
        return Fix(title, made) if made else None

    def _written(self, value: Any, old: str) -> str:
        in_single = old.startswith("'") and not old.startswith("'''")
        if isinstance(value, str) and in_single and "'" not in value and value.isprintable():
            return f"'{value}'"
        # The basic strings, numbers and booleans of JSON are written the same in TOML.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
