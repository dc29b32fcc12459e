"""``luthier status``: the stack, or one run."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from prefect_luthier.deployments.stack.state import StackState, read_state
from prefect_luthier.errors import ServiceUnreachable
from prefect_luthier.settings import Settings, load_settings
from prefect_luthier.ui.cli.output import JsonOption, print_json, say
from prefect_luthier.ui.cli.stack_progress import (
    is_healthy,
    stack_json,
    stack_table,
    uptime_text,
    urls_text,
)

_FILE_WIDTH = 200  # columns where no terminal says how many it has


def status(
    run: Annotated[str | None, typer.Argument(help="A run's id; without it, the stack.")] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """Show what runs where, or how one run stands."""
    if run is not None:
        from prefect_luthier.ui.cli.run_status import show  # noqa: PLC0415 - loads Prefect

        show(run, as_json=as_json)
        return
    settings = load_settings()
    state = read_state(settings)
    if state is None or not state.is_alive:
        _report_absence(settings, state, as_json=as_json)
    elif as_json:
        print_json(stack_json(state))
    else:
        width = None if sys.stderr.isatty() else _FILE_WIDTH
        Console(stderr=True, width=width).print(stack_table(state))
        say(f"\n{urls_text(state)}\n  {'Running for':<12} {uptime_text(state)}")
    if state is None or not state.is_alive or not is_healthy(state):
        raise typer.Exit(ServiceUnreachable.exit_code)


def _report_absence(settings: Settings, last: StackState | None, *, as_json: bool) -> None:
    error = last.error if last else None
    if as_json:
        document = {"running": False, "phase": "stopped", "data_dir": str(settings.data_dir)}
        print_json(document | {"error": error.model_dump() if error else None})
        return
    say(f"No stack runs on {settings.data_dir}. Start it with `luthier up`.")
    if error:
        say(f"The last start failed: {error.message}\n{error.advice}")
