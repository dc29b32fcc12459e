"""`luthier rosette library`: materials, tools and machines, with the source of every figure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import typer

from prefect_luthier.errors import LuthierError
from prefect_luthier.rmos.library.chiploads import (
    CHIPLOAD_CLASSES,
    chipload_table,
    hardness_shares,
)
from prefect_luthier.rmos.library.library import Figure, Library, Shelf, load_library
from prefect_luthier.suggestions import did_you_mean
from prefect_luthier.ui.cli.output import JsonOption, print_json

Kind = Literal["all", "materials", "tools", "machines", "chiploads"]


def library(
    kind: Annotated[Kind, typer.Argument(help="Which shelf to list.")] = "all",
    name: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="Show one entry, with its sources.")
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """List the materials, tools and machines that a design may name, and feeds per tooth.

    Every figure has a source; figures that no source states are marked with ~ as estimates.
    [bold]luthier rosette library materials ebony[/bold] shows where ebony's come from.
    """
    shelves = _shelves(load_library(), kind)
    if name is not None:
        shelves = {each: _only(shelf, name) for each, shelf in shelves.items() if shelf.get(name)}
        if not shelves:
            raise _unknown(name, kind)
    has_chiploads = name is None and kind in {"all", "chiploads"}
    if as_json:
        documents: dict[str, Any] = {title: _documents(each) for title, each in shelves.items()}
        print_json(documents | ({"chiploads": _chiploads()} if has_chiploads else {}))
        return
    from prefect_luthier.ui.cli.rosette.library_view import (  # noqa: PLC0415 - rich
        show_chiploads,
        show_entry,
        show_shelf,
    )

    for title, shelf in shelves.items():
        if name is None:
            show_shelf(title, shelf)
        else:
            show_entry(shelf, load_library().sources)
    if has_chiploads:
        show_chiploads(load_library().sources)


def _shelves(library: Library, kind: Kind) -> dict[str, Shelf[Any]]:
    shelves: dict[str, Shelf[Any]] = {
        "materials": library.materials,
        "tools": library.tools,
        "machines": library.machines,
    }
    return {name: shelf for name, shelf in shelves.items() if kind in {"all", name}}


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
    return {field: _document(figure) for field, figure in figures.items()}


def _document(figure: Figure) -> dict[str, Any]:
    return {
        "value": figure.value,
        "unit": figure.unit,
        "source": load_library().sources[figure.source],
        "estimate": figure.is_estimate,
    }


def _chiploads() -> dict[str, Any]:
    tables = {name: chipload_table(name) for name in CHIPLOAD_CLASSES}
    return {
        name: [{"diameter_mm": at, "chipload_mm": _document(figure)} for at, figure in rows]
        for name, rows in tables.items()
    } | {
        "hardness": [
            {"janka_n": at, "share": _document(figure)} for at, figure in hardness_shares()
        ]
    }
