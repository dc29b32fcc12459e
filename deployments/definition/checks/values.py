"""Values that no definition can hold, because JSON, CEL, a database or a program cannot."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterator
from typing import Any

from prefect_luthier.deployments.definition.findings import Findings
from prefect_luthier.diagnostics import Fix
from prefect_luthier.pointers import Path

MAX_DEPTH = 32
MAX_TEXT_LENGTH = 2_000_000
_INT64 = 2**63


def check_values(data: Any, findings: Findings) -> list[Path]:
    """Report every value that cannot be held, and return the paths of those."""
    pruned: list[Path] = []
    for path, value in walk(data):
        problem = _problem(path, value)
        if problem:
            code, message = problem
            pruned.append(path)
            findings.add(code, message, path, fix=_quoted(findings, path, value))
    return pruned


def walk(data: Any) -> Iterator[tuple[Path, Any]]:
    """Yield every value with its path, outer ones first; below ``MAX_DEPTH`` nothing."""
    stack: list[tuple[Path, Any]] = [((), data)]
    while stack:
        path, value = stack.pop()
        yield path, value
        if len(path) > MAX_DEPTH:
            continue
        if isinstance(value, dict):
            stack += [((*path, key), item) for key, item in reversed(value.items())]
        elif isinstance(value, list):
            stack += [((*path, index), item) for index, item in reversed(list(enumerate(value)))]


def _problem(path: Path, value: Any) -> tuple[str, str] | None:
    if isinstance(value, str):
        return _text_problem(value)
    if isinstance(value, bool):
        return None
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        return "wrong-type", "the number does not fit in 64 bits."
    if isinstance(value, float) and not math.isfinite(value):
        return "wrong-type", f"{value} is no number that JSON can hold."
    if isinstance(value, dt.date | dt.time):
        return "wrong-type", f"{value} is a TOML date; write it as text, in quotes."
    if isinstance(value, dict | list) and len(path) > MAX_DEPTH:
        return "too-deep", f"values are nested more than {MAX_DEPTH} levels."
    return None


def _text_problem(value: str) -> tuple[str, str] | None:
    if "\0" in value:
        return "bad-text", "the text contains a NUL character, which no program or file can take."
    if len(value) > MAX_TEXT_LENGTH:
        return "bad-text", f"the text is longer than {MAX_TEXT_LENGTH:,} characters."
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        return "bad-text", "the text contains half of a surrogate pair, which is no character."
    return None


def _quoted(findings: Findings, path: Path, value: Any) -> Fix | None:
    if not isinstance(value, dt.date | dt.time):
        return None
    place = findings.document.places.get(path)
    if place is None:
        return None
    text = f'"{findings.document.text[slice(*place.value)]}"'
    return findings.edit(f"write {text}", [(place.value, text)])
