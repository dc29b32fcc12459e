"""``luthier status``: the stack, or one run."""

from __future__ import annotations

from typing import Annotated

import typer

from prefect_luthier.deployments.stack.state import read_state
from prefect_luthier.errors import ServiceUnreachable
from prefect_luthier.settings import load_settings
from prefect_luthier.ui.cli.output import JsonOption, print_json, say
from prefect_luthier.ui.cli.stack_progress import stack_json, urls_text


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
        if as_json:
            print_json({"running": False, "phase": "stopped", "data_dir": str(settings.data_dir)})
            raise typer.Exit(ServiceUnreachable.exit_code)
        raise ServiceUnreachable(
            "stack-not-running",
            f"No stack runs on {settings.data_dir}.",
            "Start it with `luthier up`.",
        )
    if as_json:
        print_json(stack_json(state))
        return
    for part in state.parts:
        say(f"  {part.name:<9} {part.status:<10} {part.pid or '':<8} {part.url or ''}")
    say(urls_text(state))
