"""The library on the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from prefect_luthier.rmos.feasibility.advice.case import figure as number
from prefect_luthier.rmos.library.chiploads import (
    CHIPLOAD_CLASSES,
    chipload_table,
    hardness_shares,
)
from prefect_luthier.rmos.library.library import Figure, Shelf

_WIDTH = 140
_COLUMNS: dict[str, dict[str, str]] = {
    "material": {
        "density_kg_m3": "kg/m³",
        "janka_n": "Janka N",
        "cutting_energy_j_mm3": "J/mm³",
    },
    "tool": {
        "diameter_mm": "diameter mm",
        "flute_length_mm": "flutes mm",
        "stickout_mm": "stickout mm",
    },
    "machine": {
        "travel_mm": "travel mm",
        "max_feed_mm_min": "feed mm/min",
        "max_plunge_mm_min": "plunge mm/min",
        "spindle_min_rpm": "from 1/min",
        "spindle_max_rpm": "to 1/min",
    },
}


def show_shelf(title: str, shelf: Shelf[Any]) -> None:
    """Print the entries of one kind, with their main figures."""
    columns = _COLUMNS[shelf.kind]
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("id", style="cyan", no_wrap=True)
    table.add_column("name", no_wrap=True)
    if shelf.kind == "material":
        table.add_column("kind", no_wrap=True)
    for heading in columns.values():
        table.add_column(heading, justify="right", no_wrap=True)
    for name, entry in shelf.entries.items():
        row: list[Text | str] = [name, entry.name]
        if shelf.kind == "material":
            row.append(_swatch(entry.color).append(entry.kind))
        row += [_shown(shelf.figures[name].get(field)) for field in columns]
        table.add_row(*row)
    console = _console()
    console.print(table)
    console.print()


def show_entry(shelf: Shelf[Any], sources: Mapping[str, str]) -> None:
    """Print one entry with the source of every figure."""
    console = _console()
    for name, entry in shelf.entries.items():
        others = ", ".join(alias for alias, target in shelf.aliases.items() if target == name)
        head = Text(name, style="bold cyan").append(f"  {entry.name}", style="not bold default")
        console.print(head.append(f"  also {others}" if others else "", style="dim"))
        table = Table(box=None, pad_edge=False, show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(justify="right", no_wrap=True)
        table.add_column(no_wrap=True, style="dim")
        table.add_column(style="dim")
        for field, figure in shelf.figures[name].items():
            table.add_row(field, _shown(figure), figure.unit, sources[figure.source])
        console.print(table)
        console.print()


def show_chiploads(sources: Mapping[str, str]) -> None:
    """Print the feeds per tooth by diameter, and what harder wood takes of them."""
    table = Table(title="chiploads", title_justify="left", title_style="bold", box=None)
    for heading in ("table", "at", "figure", "source"):
        table.add_column(heading, style="dim" if heading == "source" else "")
    for name in CHIPLOAD_CLASSES:
        for diameter, figure in chipload_table(name):
            shown = _shown(figure).append(" mm")
            table.add_row(name, f"{number(diameter)} mm", shown, sources[figure.source])
    for janka, share in hardness_shares():
        table.add_row("hardness", f"{number(janka)} N", _shown(share), sources[share.source])
    _console().print(table)


def _console() -> Console:
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _WIDTH
    return console


def _swatch(color: str) -> Text:
    return Text("██ ", style=color)


def _shown(figure: Figure | None) -> Text:
    if figure is None:
        return Text("–", style="dim")  # noqa: RUF001 - a dash for nothing
    values = figure.value if isinstance(figure.value, list) else [figure.value]
    text = " × ".join(number(float(value)) for value in values)  # noqa: RUF001 - a times sign
    return Text(f"~{text}" if figure.is_estimate else text)
