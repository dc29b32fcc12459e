"""`luthier catalog`: the actions a definition may use, with their inputs and outputs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from prefect_luthier.catalog import CatalogEntry
from prefect_luthier.errors import UsageError
from prefect_luthier.ui.cli.output import JsonOption, print_json
from prefect_luthier.ui.cli.reading import whole_catalog
from prefect_luthier.ui.cli.table_view import show_table


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
    show_table(
        ("uses", "kind", "what it does"),
        ((entry.reference, entry.kind, entry.description) for entry in entries),
        empty="The catalog is empty.",
    )


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
