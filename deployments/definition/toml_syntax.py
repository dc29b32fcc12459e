"""Parse TOML: `tomllib` decides what is valid; every syntax error is reported."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from prefect_luthier.deployments.definition.positions import LineIndex
from prefect_luthier.diagnostics import Diagnostic

_PLACE = re.compile(
    r"^(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end.*)\)$", re.DOTALL
)


def parse_toml(text: str) -> tuple[dict[str, Any] | None, list[Diagnostic]]:
    """Return the data of TOML text, or None and its syntax findings."""
    try:
        return tomllib.loads(text), []
    except RecursionError:
        return None, [Diagnostic("too-deep", "error", "values are nested too deep.")]
    except ValueError as error:  # TOMLDecodeError, and integers beyond Python's digit limit
        return None, [_syntax_error(text, str(error))]


def _syntax_error(text: str, message: str) -> Diagnostic:
    match = _PLACE.match(message)
    index = LineIndex(text)
    offset = len(text)
    if match and match["line"]:
        offset = index.offset(int(match["line"]), int(match["column"]))
    what = match["what"] if match else message
    return Diagnostic("toml-syntax", "error", f"{what}.", span=index.span(offset, offset + 1))
