"""Parse JSON, and find where everything stands in it."""

from __future__ import annotations

import json
import re
from typing import Any

from prefect_luthier.deployments.definition.positions import (
    Duplicate,
    LineIndex,
    Place,
    Positions,
)
from prefect_luthier.deployments.definition.toml_syntax import Parsed
from prefect_luthier.diagnostics import Diagnostic
from prefect_luthier.pointers import Path

_PIECE = re.compile(r'"(?:\\.|[^"\\])*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def parse_json(text: str) -> Parsed:
    """Return the data of JSON text and its syntax finding, of which there is at most one."""
    index = LineIndex(text)
    twice = False

    def to_dict(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal twice
        found = dict(pairs)
        twice = twice or len(found) < len(pairs)
        return found

    try:
        data = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=to_dict)
    except json.JSONDecodeError as error:
        span = index.span(error.pos, error.pos + 1)
        return Parsed(None, [Diagnostic("json-syntax", "error", f"{error.msg}.", span=span)])
    except RecursionError:
        message = "values are nested too deep."
        return Parsed(None, [Diagnostic("too-deep", "error", message, span=index.span(0, 1))])
    except ValueError as error:
        message = f"{str(error)[:200]}."
        return Parsed(None, [Diagnostic("json-syntax", "error", message, span=index.span(0, 1))])
    return Parsed(data, has_duplicates=twice)


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number of JSON")


def json_positions(text: str) -> Positions:
    """Return the place of every key and value of valid JSON, and keys given twice."""
    places: dict[Path, Place] = {}
    duplicates: list[Duplicate] = []
    path: list[str | int] = []
    opened: list[tuple[int, tuple[int, int] | None]] = []
    key: tuple[int, int] | None = None
    expect_key = False

    def add(start: int, end: int, key: tuple[int, int] | None) -> None:
        place = Place((start, end), key, (key[0] if key else start, end))
        here = tuple(path)
        first = places.get(here)
        if first is not None and key is not None and key != first.key:
            duplicates.append(Duplicate(here, first.key or first.value, place))
        places[here] = place

    for match in _PIECE.finditer(text):
        piece = match.group()
        if piece in "{[":
            opened.append((match.start(), key))
            add(match.start(), match.end(), key)
            path.append(0 if piece == "[" else "")
            expect_key = piece == "{"
            key = None
        elif piece in "}]":
            path.pop()
            start, own_key = opened.pop()
            places[tuple(path)] = Place(
                (start, match.end()), own_key, (own_key[0] if own_key else start, match.end())
            )
        elif piece == ",":
            last = path[-1]
            if isinstance(last, int):
                path[-1] = last + 1
            expect_key = isinstance(last, str)
            key = None
        elif piece == ":":
            expect_key = False
        elif expect_key:
            path[-1] = json.loads(piece)
            key = match.span()
        else:
            add(match.start(), match.end(), key)
    return Positions(places, duplicates)
