"""A parsed source: its data, its syntax findings, and where everything stands."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from prefect_luthier.deployments.definition.json_syntax import json_positions, parse_json
from prefect_luthier.deployments.definition.positions import (
    Duplicate,
    LineIndex,
    Place,
    Positions,
    Range,
    removal_range,
)
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.deployments.definition.toml_syntax import parse_toml
from prefect_luthier.diagnostics import Diagnostic, Span
from prefect_luthier.pointers import Path

_BOM = "\ufeff"


class Document:
    """A source after parsing. Positions are only worked out when a finding asks for one.

    Attributes:
        source: The source as it was read.
        data: The parsed value; None when the syntax is wrong.
        syntax: Findings about the syntax.
        has_duplicates: Whether some key is given twice.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        # A blank instead of the mark keeps every column where an editor shows it.
        self.text = " " + source.text[1:] if source.text.startswith(_BOM) else source.text
        parsed = parse_json(self.text) if source.format == "json" else parse_toml(self.text)
        self.data: Any = parsed.data
        self.syntax: list[Diagnostic] = parsed.diagnostics
        self.has_duplicates: bool = parsed.has_duplicates

    @cached_property
    def index(self) -> LineIndex:
        """Lines and columns of the text."""
        return LineIndex(self.text)

    @cached_property
    def _positions(self) -> Positions:
        if self.source.format == "json":
            return json_positions(self.text)
        # Loading tree-sitter takes 30 ms that a definition without findings need not pay.
        from prefect_luthier.deployments.definition.toml_positions import (  # noqa: PLC0415
            toml_positions,
        )

        return toml_positions(self.text)

    @property
    def places(self) -> dict[Path, Place]:
        """The place of every key and value."""
        return self._positions.places

    @property
    def duplicates(self) -> list[Duplicate]:
        """Keys that are given twice."""
        return self._positions.duplicates

    def place(self, path: Path) -> Place | None:
        """Return the place of ``path``, or of the nearest table around it; None for the whole."""
        for length in range(len(path), 0, -1):
            found = self.places.get(path[:length])
            if found:
                return found
        return None

    def has(self, path: Path) -> bool:
        """Return whether something stands at exactly ``path``."""
        return path in self.places

    def value_span(self, path: Path) -> Span | None:
        """Return the span of the value at ``path``."""
        place = self.place(path)
        return self.index.span(*place.value) if place else None

    def key_span(self, path: Path) -> Span | None:
        """Return the span of the key at ``path``, or of the value of a list item."""
        place = self.place(path)
        return self.index.span(*(place.key or place.value)) if place else None

    def span(self, found: Range) -> Span:
        """Return the span of a range of offsets."""
        return self.index.span(*found)

    def key_ranges(self, path: Path) -> list[Range]:
        """Return every place where the key at ``path`` is written, also in table headers."""
        if self.source.format == "toml":
            return self._positions.keys.get(path, [])
        place = self.places.get(path)
        return [place.key] if place and place.key else []

    def removal_range(self, path: Path) -> Range | None:
        """Return what to cut out so that the entry at ``path`` is gone and the rest is whole."""
        place = self.places.get(path)
        if place is None or place.whole is None:
            return None
        return self.cut(place.whole, path)

    def cut(self, whole: Range, path: Path) -> Range:
        """Return the range of an entry with the comma or the line that would be left over."""
        inside_list = bool(path) and isinstance(path[-1], int)
        return removal_range(self.text, whole, in_line=inside_list or self._is_inline(path))

    def _is_inline(self, path: Path) -> bool:
        if self.source.format == "json":
            return True
        parent = self.places.get(path[:-1])
        return parent is not None and self.text[parent.value[0]] == "{"

    def raw(self, path: Iterable[str | int]) -> str:
        """Return the value at ``path`` as it is written."""
        place = self.places.get(tuple(path))
        return self.text[slice(*place.value)] if place else ""
