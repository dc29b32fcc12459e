"""Read JSON strictly: one meaning for each document, or a finding."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from prefect_luthier.diagnostics import Diagnostic, Span
from prefect_luthier.pointers import to_pointer

MAX_BYTES = 4 * 1024 * 1024
"""A design or a context is a few kilobytes."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_LARGEST_WHOLE = 2**53
_START = Span(1, 1, 1, 2)


@dataclass
class Parsed:
    """The data of a document, and what is wrong with its notation."""

    data: Any = None
    diagnostics: list[Diagnostic] = field(default_factory=list)


class _Object(dict[str, Any]):
    """An object, with the keys that it gives twice."""

    twice: tuple[str, ...] = ()


def parse_strictly(text: str | bytes, name: str) -> Parsed:
    """Return the data of JSON text; what JSON leaves open is a finding.

    Args:
        text: The document; bytes must be UTF-8.
        name: Its name in messages.
    """
    if len(text) > MAX_BYTES:
        return _refused("too-large", f"{name} is larger than {MAX_BYTES // 2**20} MiB.")
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            return _refused("bad-encoding", f"{name} is not UTF-8: byte {error.start} is wrong.")
    try:
        data = json.loads(
            text.removeprefix("\ufeff"), object_pairs_hook=_to_object, parse_float=_to_number
        )
    except json.JSONDecodeError as error:
        span = Span(error.lineno, error.colno, error.lineno, error.colno + 1)
        is_cut_off = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated")
        hint = ", it ends before it is complete" if is_cut_off else ""
        message = f"{name} is not JSON: {error.msg}{hint}."
        return _refused("json-syntax", message, span)
    except RecursionError:
        return _refused("too-deep", f"{name} is nested too deep.")
    except ValueError as error:  # a number with thousands of digits
        return _refused("json-syntax", f"{name} is not JSON: {str(error)[:200]}.")
    if halves := _half_characters(data):
        return Parsed(None, halves)  # such text can be neither shown nor written
    return Parsed(data, _findings(data))


def _refused(code: str, message: str, span: Span = _START) -> Parsed:
    return Parsed(None, [Diagnostic(code, "error", message, span=span)])


def _to_object(pairs: list[tuple[str, Any]]) -> _Object:
    found = _Object(pairs)
    if len(found) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        found.twice = tuple(key for key, count in counts.items() if count > 1)
    return found


def _to_number(text: str) -> float:
    """Return a number; one that is whole is the same however it is written: 2, 2.0, 2e0, -0.0."""
    value = float(text)
    return int(value) if value.is_integer() and abs(value) <= _LARGEST_WHOLE else value


def _half_characters(data: Any) -> list[Diagnostic]:
    """Return the texts that hold one half of a surrogate pair, which is no character."""
    found: list[Diagnostic] = []
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), data)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, dict):
            waiting += [((*path, key), each) for key, each in reversed(value.items())]
            waiting += [(path, key) for key in value]
        elif isinstance(value, list):
            waiting += [((*path, index), value[index]) for index in reversed(range(len(value)))]
        elif isinstance(value, str) and _SURROGATE.search(value):
            shown = value.encode("ascii", "backslashreplace").decode()[:60]
            message = f'"{shown}" holds half of a surrogate pair, which is no character.'
            readable = [part for part in path if not _SURROGATE.search(str(part))]
            found.append(Diagnostic("bad-encoding", "error", message, to_pointer(readable)))
    return found


def _findings(data: Any) -> list[Diagnostic]:
    """Return the keys that are given twice and the numbers that are none, all of them."""
    found: list[Diagnostic] = []
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), data)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, _Object):
            for key in value.twice:
                message = f'"{key}" is given twice.'
                pointer = to_pointer((*path, key))
                found.append(Diagnostic("duplicate-key", "error", message, pointer))
            waiting += [((*path, key), each) for key, each in reversed(value.items())]
        elif isinstance(value, list):
            waiting += [((*path, index), value[index]) for index in reversed(range(len(value)))]
        elif isinstance(value, float) and not math.isfinite(value):
            message = f"{value} is no number that a length or a speed can have."
            found.append(Diagnostic("not-finite", "error", message, to_pointer(path)))
    return found
