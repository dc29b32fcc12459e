"""`luthier validate`: check definitions, show every finding, apply the sure repairs."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.environment import Environment
from prefect_luthier.deployments.definition.fixing import fixed
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.deployments.definition.validate import Report
from prefect_luthier.deployments.definition.validate import validate as check
from prefect_luthier.diagnostics import render
from prefect_luthier.errors import UsageError
from prefect_luthier.ui.cli.output import JsonOption, print_json, say, style
from prefect_luthier.ui.cli.reading import local_environment, read_source, whole_catalog

_SHOWN_FINDINGS = 100


def validate(
    files: Annotated[
        list[str] | None, typer.Argument(metavar="[FILE]...", help="Definitions; `-` is stdin.")
    ] = None,
    *,
    catalog: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A catalog file to add.")
    ] = None,
    fix: Annotated[
        bool, typer.Option("--fix", help="Apply the repairs that are sure, and check again.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check definitions and show every finding, with its place, candidates and repair."""
    sources = [read_source(name) for name in files or ["workflow.toml"]]
    entries = whole_catalog(catalog)
    environment = local_environment()
    reports = [_report(source, entries, environment, fix=fix) for source in sources]
    ok = all(report.ok for report in reports)
    if as_json:
        print_json({"ok": ok, "files": [report.to_json() for report in reports]})
    else:
        for report in reports:
            _show(report)
    if not ok:
        raise typer.Exit(1)


def _report(source: Source, catalog: Catalog, environment: Environment, *, fix: bool) -> Report:
    if not fix:
        return check(source, catalog, environment)
    result = fixed(source, catalog, environment)
    if result.titles:
        if source.name == "-":
            sys.stdout.write(result.report.source.text)
        else:
            _write(Path(source.name), result.report.source.text)
        for title in result.titles:
            say(f"{style('fixed', 'green')} {source.name}: {title}")
    return result.report


def _write(path: Path, text: str) -> None:
    """Replace a file's text at once, with its permissions, also behind a link.

    Raises:
        UsageError: It cannot be written.
    """
    target = path.resolve()
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        temporary.write_bytes(text.encode())
        temporary.chmod(target.stat().st_mode & 0o7777)
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UsageError(
            "unwritable-file", f"cannot write {str(path)!r}: {error.strerror}."
        ) from error


def _show(report: Report) -> None:
    lines = report.source.lines
    name = report.source.name
    for diagnostic in report.diagnostics[:_SHOWN_FINDINGS]:
        typer.echo(_coloured(render(diagnostic, lines, name), diagnostic.is_error))
    more = len(report.diagnostics) - _SHOWN_FINDINGS
    if more > 0:
        typer.echo(f"… and {more} more; --json lists them all.")
    errors = sum(diagnostic.is_error for diagnostic in report.diagnostics)
    warnings = len(report.diagnostics) - errors
    if report.ok:
        note = f", {_count(warnings, 'warning')}" if warnings else ""
        typer.echo(f"{name}: {style('valid', 'green', stream=sys.stdout)}{note}")
        return
    repairs = sum(diagnostic.fix is not None for diagnostic in report.diagnostics)
    hint = f" `luthier validate --fix` repairs {repairs} of them." if repairs else ""
    typer.echo(f"{name}: {_count(errors, 'error')}, {_count(warnings, 'warning')}.{hint}")


def _coloured(text: str, is_error: bool) -> str:
    word = "error" if is_error else "warning"
    color = "red" if is_error else "yellow"
    return text.replace(f" {word}[", f" {style(word, color, stream=sys.stdout)}[", 1)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
