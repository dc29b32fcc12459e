"""A search on the terminal: a line that grows on a terminal, lines elsewhere, then the outcome."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from prefect_luthier.flows.rosette.search_progress import Round
from prefect_luthier.rmos.design.context import Context
from prefect_luthier.ui.cli.output import say

_COLOURS = {"GREEN": "green", "YELLOW": "yellow", "RED": "red"}
_SHOWN_VIOLATIONS = 8


class SearchView:
    """Shows on standard error how a search goes: attempts made, and the best score so far."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._progress: Progress | None = None
        self._said: float | None = None

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._progress = Progress(
                TextColumn("searching"),
                BarColumn(bar_width=30),
                TextColumn("{task.fields[made]} attempts"),
                TextColumn("{task.fields[best]}"),
                TimeElapsedColumn(),
                console=Console(stderr=True),
                transient=True,
            )
            self._stack.enter_context(self._progress)
            self._task = self._progress.add_task("search", total=1.0, made=0, best="")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def take(self, brought: Round) -> None:
        """Show what a round brought."""
        best = brought.best
        words = f"best {best.score:.2f} {best.risk}" if best is not None else "nothing yet"
        if self._progress is not None:
            self._progress.update(
                self._task, completed=brought.share, made=brought.made, best=words
            )
        elif best is not None and best.score != self._said:
            self._said = best.score
            say(f"  {brought.made} attempts: {words}")


def say_search(document: dict[str, Any], conditions: Context) -> None:
    """Say how a search ended: the design, or what stands against one."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    risk = document["risk"] or "RED"
    line = Text(document["status"].replace("_", " "), style=f"bold {_COLOURS[risk]}")
    made = f"{document['attempts_made']} attempts in {document['time_s']:.1f} s"
    line.append(f"  {made}  run {document['run_id']}", style="default")
    console.print(line)
    if document["best"] is not None:
        _say_best(console, document, conditions)
    for binding in document["binding_constraints"]:
        kind = "proven" if binding["proven"] else "observed"
        console.print(Text(f"  {binding['code']} ({kind}): {binding['message']}"))


def _say_best(console: Console, document: dict[str, Any], conditions: Context) -> None:
    best = document["best"]
    head = Text(f"  {document['score']:.2f} of 100, ", style="default")
    head.append(document["risk"], style=_COLOURS[document["risk"]])
    head.append(
        f"; soundhole {best['soundhole_diameter_mm']:g} mm, edge land {best['edge_land_mm']:g} mm, "
        f"channels {best['channel_depth_mm']:g} of {conditions.top_thickness_mm:g} mm deep"
    )
    console.print(head)
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for name in ("  ring", "pattern", "material"):
        table.add_column(name)
    for name in ("width mm", "land after mm"):
        table.add_column(name, justify="right")
    for number, ring in enumerate(best["rings"], 1):
        table.add_row(
            f"  {number}",
            ring["pattern"],
            _material(ring["material"]),
            f"{ring['width_mm']:g}",
            f"{ring['land_after_mm']:g}",
        )
    console.print(table)
    for violation in document["violations"][:_SHOWN_VIOLATIONS]:
        text = f"  {violation['severity']} {violation['code']}: {violation['message']}"
        console.print(Text(text, style=_COLOURS[violation["severity"]]))


def _material(material: Any) -> str:
    return material if isinstance(material, str) else str(material.get("id", "inline"))
