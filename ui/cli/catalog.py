"""`luthier catalog`: the actions a definition may use, with their inputs and outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from prefect_luthier.catalog import CatalogEntry
from prefect_luthier.errors import UsageError
from prefect_luthier.ui.cli.output import JsonOption, print_json
from prefect_luthier.ui.cli.reading import whole_catalog


def catalog(
    slug: Annotated[str | None, typer.Argument(help="Show one entry whole.")] = None,
    *,
    catalog: Annotated[Path | None, typer.Option(help="A catalog file to add.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the actions, services and workflows that a definition may use."""
    entries = whole_catalog(catalog)
    if slug is not None:
        found = entries.find(slug)
        if found is None:
            raise UsageError(
                "unknown-action", f"the catalog has no {slug!r}.", "`luthier catalog` lists all."
            )
        _show(found, as_json=as_json)
        return
    if as_json:
        print_json(entries.to_json())
        return
    from rich.console import Console  # noqa: PLC0415 - only for people
    from rich.table import Table  # noqa: PLC0415

    table = Table("uses", "kind", "what it does", box=None)
    for entry in entries:
        table.add_row(entry.reference, entry.kind, entry.description)
    console = Console()
    console.print(table, width=console.width if console.is_terminal else 200)


def _show(entry: CatalogEntry, *, as_json: bool) -> None:
    if as_json:
        print_json(entry.model_dump(mode="json", exclude_none=True))
        return
    typer.echo(f"{entry.reference}  ({entry.kind}, version {entry.version})\n{entry.description}\n")
    for title, schema in (("inputs", entry.input_schema), ("outputs", entry.output_schema)):
        typer.echo(f"{title}:")
        required = (schema or {}).get("required", [])
        for name, rule in (schema or {}).get("properties", {}).items():
            mark = " (required)" if title == "inputs" and name in required else ""
            typer.echo(f"  {name}: {_type(rule)}{mark}  {rule.get('description', '')}".rstrip())


def _type(rule: dict[str, Any]) -> str:
    kinds = [r.get("type", "any") for r in rule.get("anyOf", [rule])]
    return " or ".join(str(kind) for kind in kinds if kind != "null")
