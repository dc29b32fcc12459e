"""A parsed source: its data, its syntax findings, and where everything stands."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

from prefect_luthier.deployments.definition.json_syntax import json_positions, parse_json
from prefect_luthier.deployments.definition.pointers import Path
from prefect_luthier.deployments.definition.positions import Duplicate, LineIndex, Place, Range
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.deployments.definition.toml_syntax import parse_toml
from prefect_luthier.diagnostics import Diagnostic, Span

_BOM = "\ufeff"


class Document:
    """A source after parsing. Positions are only worked out when a finding asks for one.

    Attributes:
        source: The source as it was read.
        data: The parsed value; None when the syntax is wrong.
        syntax: Findings about the syntax.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        # A blank instead of the mark keeps every column where an editor shows it.
        self.text = " " + source.text[1:] if source.text.startswith(_BOM) else source.text
        self.data: Any
        self.syntax: list[Diagnostic]
        parse = parse_json if source.format == "json" else parse_toml
        self.data, self.syntax = parse(self.text)

    @cached_property
    def index(self) -> LineIndex:
        """Lines and columns of the text."""
        return LineIndex(self.text)

    @cached_property
    def _positions(self) -> tuple[dict[Path, Place], list[Duplicate]]:
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
        return self._positions[0]

    @property
    def duplicates(self) -> list[Duplicate]:
        """Keys that are given twice."""
        return self._positions[1]

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

    def raw(self, path: Iterable[str | int]) -> str:
        """Return the value at ``path`` as it is written."""
        place = self.places.get(tuple(path))
        return self.text[slice(*place.value)] if place else ""
