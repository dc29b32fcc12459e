"""``luthier draft``: from a request in plain language to a definition."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from prefect_luthier.ai_builder.drafting import Draft, DraftRequest, choose_drafter
from prefect_luthier.catalog import Catalog, read_catalog
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.diagnostics import render
from prefect_luthier.errors import UsageError
from prefect_luthier.settings import load_settings
from prefect_luthier.ui.cli.output import JsonOption, print_json, say, style


def draft(  # noqa: PLR0917 - typer reads the options from the signature
    request: Annotated[str, typer.Argument(help="What shall happen, in English; `-` reads stdin.")],
    catalog: Annotated[
        Path | None, typer.Option("--catalog", help="Use only the entries of this file.")
    ] = None,
    base: Annotated[
        Path | None, typer.Option("--base", help="A definition that the request changes.")
    ] = None,
    provider: Annotated[
        str | None, typer.Option("--provider", help="offline or openai; default: what is set up.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the definition to this file.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Turn a request in plain language into a checked definition."""
    text = sys.stdin.read() if request == "-" else request
    drafted = asyncio.run(
        choose_drafter(load_settings(), provider).draft(
            DraftRequest(text, Source.read(base) if base else None), catalog_of(catalog)
        )
    )
    if output is not None and drafted.ok and drafted.toml is not None:
        _write(output, drafted.toml)
    if as_json:
        print_json(drafted.to_json())
    else:
        _print(drafted, shown=output is None)
    raise typer.Exit(0 if drafted.ok else 1)


def catalog_of(path: Path | None) -> Catalog:
    """Return the catalog in a file, or the installed one."""
    if path is not None:
        return read_catalog(path)
    from prefect_luthier.flows.actions.installed import (  # noqa: PLC0415 - not with --catalog
        installed_catalog,
    )

    return installed_catalog()


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(
            "cannot-write", f"cannot write {str(path)!r}: {error.strerror or error}."
        ) from error
    say(f"wrote {path}")


def _print(drafted: Draft, *, shown: bool) -> None:
    """Print the definition to stdout, and what there is to say about it to stderr."""
    if drafted.toml is not None and (shown or not drafted.ok):
        _print_toml(drafted.toml)
    lines = (drafted.toml or "").split("\n")
    for diagnostic in drafted.diagnostics:
        say(render(diagnostic, lines, "draft"))
    if drafted.refusal is not None:
        refusal = drafted.refusal
        say(f"{style('no draft', 'red')}[{refusal.code}] {refusal.message}")
    for made in drafted.rounds:
        if made.failure is not None:
            warning = f"{style('warning', 'yellow')}[{made.failure['code']}]"
            say(f"{warning} {made.failure['message']} {made.failure['advice']}".rstrip())
    for question in drafted.questions:
        say(f"{style('?', 'yellow')} {question}")
    say(f"drafted by: {drafted.provider}{f' ({drafted.model})' if drafted.model else ''}")


def _print_toml(toml: str) -> None:
    if not sys.stdout.isatty():
        sys.stdout.write(toml)
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal pays for it
    from rich.syntax import Syntax  # noqa: PLC0415

    Console().print(Syntax(toml, "toml", background_color="default"))
