"""Parse JSON, and find where everything stands in it."""

from __future__ import annotations

import json
import re
from typing import Any

from prefect_luthier.deployments.definition.pointers import Path
from prefect_luthier.deployments.definition.positions import Duplicate, LineIndex, Place
from prefect_luthier.diagnostics import Diagnostic

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def parse_json(text: str) -> tuple[Any, list[Diagnostic]]:
    """Return the data of JSON text, or None and the syntax finding."""
    index = LineIndex(text)
    try:
        return json.loads(text, parse_constant=_refuse_constant), []
    except json.JSONDecodeError as error:
        span = index.span(error.pos, error.pos + 1)
        return None, [Diagnostic("json-syntax", "error", f"{error.msg}.", span=span)]
    except RecursionError:
        return None, [Diagnostic("too-deep", "error", "values are nested too deep.")]
    except ValueError as error:
        return None, [Diagnostic("json-syntax", "error", f"{error}.")]


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def json_positions(text: str) -> tuple[dict[Path, Place], list[Duplicate]]:
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

    for match in _TOKEN.finditer(text):
        token = match.group()
        if token in "{[":
            opened.append((match.start(), key))
            add(match.start(), match.end(), key)
            path.append(0 if token == "[" else "")
            expect_key = token == "{"
            key = None
        elif token in "}]":
            path.pop()
            start, own_key = opened.pop()
            places[tuple(path)] = Place(
                (start, match.end()), own_key, (own_key[0] if own_key else start, match.end())
            )
        elif token == ",":
            last = path[-1]
            if isinstance(last, int):
                path[-1] = last + 1
            expect_key = isinstance(last, str)
            key = None
        elif token == ":":
            expect_key = False
        elif expect_key:
            path[-1] = json.loads(token)
            key = match.span()
        else:
            add(match.start(), match.end(), key)
    return places, duplicates
