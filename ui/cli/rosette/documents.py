"""Reading the design and the context that a command names."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
from pydantic import BaseModel

from prefect_luthier.deployments.definition.json_syntax import json_positions
from prefect_luthier.deployments.definition.positions import LineIndex, Positions
from prefect_luthier.deployments.definition.source import MAX_SOURCE_BYTES, Source
from prefect_luthier.diagnostics import Diagnostic, render
from prefect_luthier.errors import LuthierError, UsageError
from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.reading import Reading, context_from_json, spec_from_json
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.ui.cli.output import say

SpecOption = Annotated[
    str, typer.Option("--spec", metavar="FILE", help="The design, as JSON; `-` is standard input.")
]
ContextOption = Annotated[
    str,
    typer.Option("--context", metavar="FILE", help="The context, as JSON; `-` is standard input."),
]

_SHOWN_FINDINGS = 50
Model = TypeVar("Model", bound=BaseModel)


class InvalidDocument(LuthierError):
    """A design or a context holds no valid value; every finding is attached."""

    def __init__(self, name: str, diagnostics: Sequence[Diagnostic]) -> None:
        count = len(diagnostics)
        findings = "1 finding" if count == 1 else f"{count} findings"
        super().__init__("invalid-document", f"{name} is not valid: {findings}.")
        self.diagnostics = tuple(diagnostics)

    def to_json(self) -> dict[str, Any]:
        """Return the JSON twin, with every finding."""
        return super().to_json() | {"diagnostics": [each.to_json() for each in self.diagnostics]}


def read_spec(name: str) -> RosetteSpec:
    """Return the design in a file; what is wrong with it is shown.

    Raises:
        UsageError: It cannot be read.
        InvalidDocument: It holds no valid design.
    """
    return _valued(name, *examine(name, spec_from_json))


def read_context(name: str) -> Context:
    """Return the context in a file; what is wrong with it is shown.

    Raises:
        UsageError: It cannot be read.
        InvalidDocument: It holds no valid context.
    """
    return _valued(name, *examine(name, context_from_json))


def refuse_same_input(spec: str, context: str) -> None:
    """Refuse to read both documents from standard input.

    Raises:
        UsageError: Both are ``-``.
    """
    if spec == context == "-":
        raise UsageError(
            "same-input",
            "the design and the context cannot both come from standard input.",
            "Give one of them as a file.",
        )


def examine(name: str, read: Callable[[str, str], Reading[Model]]) -> tuple[Reading[Model], Source]:
    """Return what a file holds, each finding with its line and column.

    Raises:
        UsageError: It cannot be read.
    """
    source = _source(name)
    if source.bad_byte_at is not None:
        at = source.bad_byte_at
        span = LineIndex(source.text).span(at, at + 1)
        message = f"{name} is not UTF-8."
        return Reading(None, (Diagnostic("bad-encoding", "error", message, span=span),)), source
    reading = read(source.text, name)
    if not any(each.pointer for each in reading.diagnostics):
        return reading, source
    index, positions = LineIndex(source.text), json_positions(source.text)
    placed = tuple(_placed(each, index, positions) for each in reading.diagnostics)
    return replace(reading, diagnostics=placed), source


def show_findings(reading: Reading[Model], source: Source) -> None:
    """Print the findings of a document for people."""
    for diagnostic in reading.diagnostics[:_SHOWN_FINDINGS]:
        say(render(diagnostic, source.lines, source.name))
    more = len(reading.diagnostics) - _SHOWN_FINDINGS
    if more > 0:
        say(f"… and {more} more.")


def _valued(name: str, reading: Reading[Model], source: Source) -> Model:
    if reading.value is None:
        show_findings(reading, source)
        raise InvalidDocument(name, reading.diagnostics)
    return reading.value


def _source(name: str) -> Source:
    if name == "-":
        return Source.from_bytes(sys.stdin.buffer.read(MAX_SOURCE_BYTES + 1), "-", "json")
    try:
        return Source.read(Path(name))
    except UsageError as error:
        advice = "Give the path of a JSON file, or `-` to read from standard input."
        raise UsageError(error.code, error.message, advice) from error


def _placed(diagnostic: Diagnostic, index: LineIndex, positions: Positions) -> Diagnostic:
    """Return a finding with its span; one about a missing key stands at what lacks it."""
    if diagnostic.span is not None:
        return diagnostic
    parts = [
        part.replace("~1", "/").replace("~0", "~") for part in diagnostic.pointer.split("/")[1:]
    ]
    path = tuple(int(part) if part.isdecimal() else part for part in parts)
    while path and path not in positions.places:
        path = path[:-1]
    place = positions.places.get(path)
    if place is None:
        return diagnostic
    start, end = place.value
    if diagnostic.code == "unknown-key" and place.key:
        start, end = place.key
    return replace(diagnostic, span=index.span(start, end))
