"""`luthier rosette library`: materials, tools and machines, with the source of every figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import typer

from prefect_luthier.errors import LuthierError
from prefect_luthier.rmos.library.library import Figure, Library, Shelf, load_library
from prefect_luthier.suggestions import did_you_mean
from prefect_luthier.ui.cli.output import JsonOption, print_json

Kind = Literal["all", "materials", "tools", "machines"]


def library(
    kind: Annotated[Kind, typer.Argument(help="Which shelf to list.")] = "all",
    name: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Show one entry, with its sources.")
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """List the materials, tools and machines that a design may name.

    Every figure has a source; figures that no source states are marked with ~ as estimates.
    [bold]luthier rosette library materials ebony[/bold] shows where ebony's come from.
    """
    shelves = _shelves(load_library(), kind)
    if name is not None:
        shelves = {each: _only(shelf, name) for each, shelf in shelves.items() if shelf.get(name)}
        if not shelves:
            raise _unknown(name, kind)
    if as_json:
        print_json({title: _documents(shelf) for title, shelf in shelves.items()})
        return
    from prefect_luthier.ui.cli.rosette.library_view import (  # noqa: PLC0415 - rich
        show_entry,
        show_shelf,
    )

    for title, shelf in shelves.items():
        if name is None:
            show_shelf(title, shelf)
        else:
            show_entry(shelf, load_library().sources)


def _shelves(library: Library, kind: Kind) -> dict[str, Shelf[Any]]:
    shelves: dict[str, Shelf[Any]] = {
        "materials": library.materials,
        "tools": library.tools,
        "machines": library.machines,
    }
    return shelves if kind == "all" else {kind: shelves[kind]}


def _only(shelf: Shelf[Any], name: str) -> Shelf[Any]:
    entry = shelf.find(name)
    return Shelf(shelf.kind, {entry.id: entry}, shelf.figures, shelf.aliases)


def _unknown(name: str, kind: Kind) -> LuthierError:
    candidates = [
        each for shelf in _shelves(load_library(), kind).values() for each in shelf.candidates(name)
    ]
    return LuthierError(
        "unknown-entry",
        f"the library has no {name!r}.{did_you_mean(tuple(candidates))}",
        "`luthier rosette library` lists what there is.",
    )


def _documents(shelf: Shelf[Any]) -> list[dict[str, Any]]:
    return [
        entry.model_dump(mode="json")
        | {
            "aliases": [alias for alias, target in shelf.aliases.items() if target == name],
            "figures": _figures(shelf.figures[name]),
        }
        for name, entry in shelf.entries.items()
    ]


def _figures(figures: Mapping[str, Figure]) -> dict[str, Any]:
    sources = load_library().sources
    return {
        field: {
            "value": figure.value,
            "unit": figure.unit,
            "source": sources[figure.source],
            "estimate": figure.is_estimate,
        }
        for field, figure in figures.items()
    }
