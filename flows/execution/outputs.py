"""The outputs of a command: what it writes to the file named by ``$LUTHIER_OUTPUT``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect_luthier.deployments.definition.outputs import parse_output
from prefect_luthier.errors import LuthierError

MAX_OUTPUT_BYTES = 8 * 1024 * 1024

_JSON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "list": (list,),
}


def read_outputs(path: Path, declared: Mapping[str, str]) -> dict[str, Any]:
    """Return the declared outputs that a command wrote.

    Args:
        path: The file; it may be missing.
        declared: The types of the declared outputs, by name.

    Raises:
        LuthierError: The file is too large, a line or a value is wrong, or one is missing.
    """
    if path.exists() and path.stat().st_size > MAX_OUTPUT_BYTES:
        raise LuthierError(
            "outputs-too-large",
            f"$LUTHIER_OUTPUT holds {path.stat().st_size} bytes, more than {MAX_OUTPUT_BYTES}.",
            "Write large results to a file of the workspace.",
        )
    text = path.read_bytes().decode(errors="replace") if path.exists() else ""
    found = parse_outputs(text, declared)
    missing = [name for name in declared if name not in found]
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        raise LuthierError(
            "missing-output",
            f"the command did not write {names}.",
            f'Write it with: echo "{missing[0]}=…" >> "$LUTHIER_OUTPUT"',
        )
    return found


def parse_outputs(text: str, declared: Mapping[str, str]) -> dict[str, Any]:
    """Return the values in ``name=value`` lines and lines that are JSON objects.

    Raises:
        LuthierError: A line is neither, or a value does not have its declared type.
    """
    found: dict[str, Any] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.rstrip("\r")
        if not stripped.strip():
            continue
        if stripped.lstrip().startswith("{"):
            for name, value in _json_line(stripped, number).items():
                found[name] = _checked(name, value, _kind(name, declared))
            continue
        name, separator, value = stripped.partition("=")
        if not separator:
            raise LuthierError(
                "bad-output",
                f"line {number} of $LUTHIER_OUTPUT is {stripped[:100]!r}.",
                "Expected `name=value`, or a JSON object on one line.",
            )
        name = name.strip()
        found[name] = _parsed(name, value, _kind(name, declared))
    return found


def _json_line(line: str, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise LuthierError(
            "bad-output", f"line {number} of $LUTHIER_OUTPUT is no JSON object: {error}."
        ) from None
    return dict(value)


def _kind(name: str, declared: Mapping[str, str]) -> str:
    if name not in declared:
        known = ", ".join(f"`{known}`" for known in declared) or "none"
        raise LuthierError(
            "unknown-output",
            f"the command wrote the output {name[:100]!r}; the declared outputs are: {known}.",
            "Declare it in the step's `outputs`.",
        )
    return declared[name]


def _parsed(name: str, text: str, kind: str) -> Any:
    try:
        return parse_output(text, kind)
    except (ValueError, RecursionError):
        raise _wrong_type(name, text, kind) from None


def _checked(name: str, value: Any, kind: str) -> Any:
    expected = _JSON_TYPES.get(kind)
    is_stray_boolean = isinstance(value, bool) and kind != "boolean"
    if expected and (is_stray_boolean or not isinstance(value, expected)):
        raise _wrong_type(name, json.dumps(value), kind)
    return value


def _wrong_type(name: str, shown: str, kind: str) -> LuthierError:
    return LuthierError(
        "wrong-output-type", f"the output `{name}` is {shown[:100]!r}, which is no {kind}."
    )
