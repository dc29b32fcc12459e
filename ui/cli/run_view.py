"""The live view of a run: a table that changes on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from prefect_luthier.flows.execution.progress import StepEvent
from prefect_luthier.ui.cli.output import say

_LOOKS = {
    "completed": ("✓", "green"),
    "failed": ("✗", "red"),
    "cancelled": ("■", "yellow"),
    "crashed": ("✗", "red"),
    "skipped": ("○", "bright_black"),
    "pending": ("·", "bright_black"),
    "retrying": ("↻", "yellow"),
}
_RUNNING = {"running", "retrying"}
_MOST_ROWS = 40
_DETAIL_CHARACTERS = 100


@dataclass
class _Row:
    state: str = "pending"
    detail: str = ""
    started: float = 0.0
    ended: float = 0.0
    spinner: Spinner = field(default_factory=lambda: Spinner("dots", style="cyan"))


class RunView:
    """Shows how the steps of a run go, on standard error.

    Args:
        title: The workflow.
        steps: Its steps, in order.
        quiet: Whether to show nothing.
    """

    def __init__(self, title: str, steps: Sequence[str], *, quiet: bool = False) -> None:
        self._title = title
        self._rows = {step: _Row() for step in steps}
        self._quiet = quiet
        self._console = Console(stderr=True)
        self._live: Live | None = None
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        if sys.stderr.isatty() and not self._quiet:
            self._live = self._stack.enter_context(
                Live(
                    get_renderable=self._table,
                    console=self._console,
                    refresh_per_second=8,
                    redirect_stdout=False,
                    redirect_stderr=False,
                )
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def take(self, event: StepEvent) -> None:
        """Show something that happened to a step."""
        row = self._rows.setdefault(event.key, _Row())
        if event.state == "log":
            row.detail = event.detail
            return
        if event.state in _RUNNING and row.state not in _RUNNING:
            row.started, row.ended = time.monotonic(), 0.0
        if event.state not in _RUNNING:
            row.ended = time.monotonic()
        if event.state == "completed":
            row.detail = ""
        row.detail = event.detail or row.detail
        changed = row.state != event.state or event.state == "retrying"
        row.state = event.state
        if changed and self._live is None and not self._quiet:
            say(self._line(event.key, row))

    def _line(self, key: str, row: _Row) -> str:
        mark = "…" if row.state == "running" else _LOOKS.get(row.state, ("·", ""))[0]
        took = f" {_seconds(row)}" if row.ended and row.started else ""
        detail = f": {_first_line(row.detail)}" if row.detail and row.state != "running" else ""
        return f"  {mark} {key} {row.state}{took}{detail}"

    def _table(self) -> RenderableType:
        table = Table(box=None, show_header=False, padding=(0, 1), title_justify="left")
        table.title = Text(self._title, style="bold")
        for key, row in self._shown():
            look, color = _LOOKS.get(row.state, ("·", "cyan"))
            mark = row.spinner if row.state == "running" else Text(look, style=color)
            detail = Text(_first_line(row.detail), style="bright_black", overflow="ellipsis")
            table.add_row(mark, Text(key), Text(row.state, style=color), _seconds(row), detail)
        hidden = len(self._rows) - min(len(self._rows), _MOST_ROWS)
        if hidden:
            table.add_row("", Text(f"… and {hidden} more", style="bright_black"))
        return table

    def _shown(self) -> Iterable[tuple[str, _Row]]:
        """Return the rows that fit; running and failed ones come before the others."""
        rows = list(self._rows.items())
        if len(rows) <= _MOST_ROWS:
            return rows
        ranks = {"running": 0, "retrying": 0, "failed": 1, "cancelled": 1, "completed": 2}
        return sorted(rows, key=lambda item: ranks.get(item[1].state, 3))[:_MOST_ROWS]


def _seconds(row: _Row) -> str:
    if not row.started:
        return ""
    return f"{(row.ended or time.monotonic()) - row.started:.1f} s"


def _first_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[0][:_DETAIL_CHARACTERS]


def say_outcome(document: dict[str, Any]) -> None:
    """Say how a run ended, where its artifacts are, and how to go on."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    mark, color = _LOOKS.get(document["state"], ("·", "cyan"))
    line = Text(f"{mark} {document['state']}", style=f"bold {color}")
    line.append(f"  run {document['run_id']}", style="default")
    console.print(line)
    if document.get("message"):
        console.print(Text(f"  {document['message']}"))
    for file in document.get("artifacts", ()):
        console.print(
            Text(
                f"  artifact {file['id']}: {file['path']} ({file['bytes']} bytes, "
                f"sha256 {file['sha256'][:12]}…)"
            )
        )
    if document["state"] in {"failed", "cancelled", "crashed"}:
        console.print(Text(f"  continue it with: luthier resume {document['run_id'][:8]}"))


def say_steps(document: dict[str, Any]) -> None:
    """Say how each step of a run ended."""
    console = Console(stderr=True, highlight=False)
    table = Table(box=None, show_header=False, padding=(0, 1))
    for step in document["steps"]:
        look, color = _LOOKS.get(step["state"], ("·", "cyan"))
        took = f"{step['duration_s']:.1f} s" if "duration_s" in step else ""
        reason = _first_line(step.get("reason", ""))
        table.add_row(
            Text(look, style=color), step["id"], Text(step["state"], style=color), took, reason
        )
    console.print(table)
