"""How the stack's start and stop are shown: one line a part, with the time it took."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Any, Self

from rich.console import Console
from rich.live import Live
from rich.table import Table
from rich.text import Text

from prefect_luthier.deployments.stack.database_names import shown
from prefect_luthier.deployments.stack.state import PartState, Phase, StackState

_LOOK = {
    "waiting": ("·", "dim"),
    "starting": ("…", "yellow"),
    "ready": ("✓", "green"),
    "restarting": ("↻", "yellow"),
    "failed": ("✗", "red"),
    "stopping": ("…", "yellow"),
    "stopped": ("■", "dim"),
}


class Progress:
    """Shows the parts while they change: live on a terminal, a line per change elsewhere.

    Args:
        quiet: Show nothing.
        before: What the user knows already.
    """

    def __init__(self, *, quiet: bool = False, before: StackState | None = None) -> None:
        self._console = Console(stderr=True)
        self._live: Live | None = None
        self._state: StackState | None = None
        self._seen = {part.name: part.status for part in before.parts} if before else {}
        self._quiet = quiet

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.finish()

    def show(self, state: StackState) -> None:
        """Show a state, if it differs from the last one."""
        self._state = state
        if self._quiet:
            return
        if self._console.is_terminal and state.phase != "running":
            if self._live is None:
                self._live = Live(
                    console=self._console, refresh_per_second=8, get_renderable=self._picture
                )
                self._live.start()
            return
        self.finish()
        for part in state.parts:
            if self._seen.get(part.name) != part.status and part.status != "waiting":
                self._console.print(_line(part), soft_wrap=True)
        self._note_seen(state)

    def finish(self) -> None:
        """Leave the last picture on the screen and go on below it."""
        if self._live is not None:
            self._live.stop()
            self._live = None
            if self._state is not None:
                self._note_seen(self._state)

    def _note_seen(self, state: StackState) -> None:
        self._seen = {part.name: part.status for part in state.parts}

    def _picture(self) -> Table:
        return stack_table(self._state) if self._state else Table.grid()


def urls_text(state: StackState) -> str:
    """Return where to go, one address a line."""
    rows = [
        ("Builder", state.builder_url),
        ("Prefect UI", state.prefect_ui_url),
        ("Prefect API", state.prefect_api_url),
        ("Logs", str(state.logs_dir)),
    ]
    return "\n".join(f"  {name:<12} {value}" for name, value in rows if value)


def is_healthy(state: StackState) -> bool:
    """Return whether every part does its work."""
    return all(part.status in {"ready", "restarting"} for part in state.parts)


def uptime_text(state: StackState) -> str:
    """Return for how long the stack has been running, in words."""
    return _span_text(time.time() - state.started_at)


def _span_text(seconds: float) -> str:
    minutes, rest_s = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    spans = ((days, "d"), (hours, "h"), (minutes, "min"), (rest_s, "s"))
    shown = [f"{count} {unit}" for count, unit in spans if count]
    return " ".join(shown[:2]) or "0 s"


def stack_json(state: StackState) -> dict[str, Any]:
    """Return the JSON document of ``up`` and ``status``."""
    return {
        "running": state.phase == "running",
        "phase": state.phase,
        "prefect_api_url": state.prefect_api_url,
        "prefect_ui_url": state.prefect_ui_url,
        "builder_url": state.builder_url,
        "database_url": shown(state.database_url),
        "logs_dir": str(state.logs_dir),
        "healthy": is_healthy(state),
        "pid": state.pid,
        "pids": state.pids,
        "uptime_s": round(time.time() - state.started_at, 1),
        "parts": [part.model_dump(mode="json") for part in state.parts],
    }


def stack_table(state: StackState) -> Table:
    """Return the parts as a table: what, how, since when, where."""
    table = Table.grid(padding=(0, 2))
    for part in state.parts:
        table.add_row(*_cells(part, state.phase))
    return table


def _cells(part: PartState, phase: Phase) -> list[Text]:
    mark, color = _LOOK[part.status]
    ended = part.status in {"stopping", "stopped"}
    note = f"{part.restarts} restarts" if part.restarts > 1 else ""
    return [
        Text(mark, style=color),
        Text(part.name),
        Text(part.status, style=color),
        Text(_time_text(part, phase), style="dim"),
        Text("" if ended else " · ".join(filter(None, (part.url, part.detail, note))), style="dim"),
    ]


def _time_text(part: PartState, phase: Phase) -> str:
    """Return how long a part took to start, or while the stack runs, since when it is so."""
    if part.status in {"waiting", "stopped"}:
        return ""
    if part.status == "ready" and phase == "starting":
        return f"{part.took_s:.1f} s" if part.took_s is not None else ""
    so_far_s = time.time() - part.since
    return _span_text(so_far_s) if phase == "running" else f"{so_far_s:.1f} s"


def _line(part: PartState) -> Text:
    mark, color = _LOOK[part.status]
    took = f" after {part.took_s:.1f} s" if part.status == "ready" and part.took_s else ""
    shown = (part.url, part.detail) if part.status in {"ready", "restarting", "failed"} else ()
    place = " · ".join(filter(None, shown))
    return Text.assemble((mark, color), f" {part.name:<9} {part.status}{took}  {place}".rstrip())
