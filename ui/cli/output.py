"""What every command prints the same way: JSON documents, tables, errors."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Annotated, Any

import typer

from prefect_luthier.errors import InvalidInput, LuthierError
from prefect_luthier.terminal_text import inert

JsonOption = Annotated[
    bool, typer.Option("--json", help="Print exactly one JSON document on stdout.")
]


def print_json(document: Any) -> None:
    """Write one JSON document to stdout; logs and progress go to stderr."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False, default=str) + "\n")


def style(text: str, color: str, *, stream: Any = None) -> str:
    """Return ``text`` in a colour when the stream is a terminal and NO_COLOR is unset."""
    stream = stream or sys.stderr
    if os.environ.get("NO_COLOR") or not stream.isatty():
        return text
    return typer.style(text, fg=color)


def say(text: str) -> None:
    """Write one line for people to stderr."""
    sys.stderr.write(text + "\n")


def report_error(error: LuthierError, *, as_json: bool) -> int:
    """Report a failure and return its exit code."""
    if as_json:
        print_json({"ok": False, "error": error.to_json()})
    message = "\n".join(inert(line) for line in error.message.split("\n"))
    say(f"{style('error', 'red')}[{error.code}] {message}")
    if isinstance(error, InvalidInput):
        for diagnostic in error.diagnostics:
            span = diagnostic.span
            place = f"{span.line}:{span.column}: " if span else ""
            say(f"  {place}{diagnostic.severity}[{diagnostic.code}] {inert(diagnostic.message)}")
    if error.advice:
        say(f"  {error.advice}")
    return error.exit_code


def report_unexpected(error: Exception, *, as_json: bool) -> int:
    """Report a defect of Luthier: one line for the user, the traceback in a file."""
    with tempfile.NamedTemporaryFile(
        "w", prefix="luthier-error-", suffix=".txt", delete=False
    ) as file:
        file.write("".join(traceback.format_exception(error)))
    defect = LuthierError(
        "internal-error",
        f"Luthier failed unexpectedly: {type(error).__name__}: {error}",
        f"Please report it with the file {Path(file.name)}.",
    )
    return report_error(defect, as_json=as_json)
