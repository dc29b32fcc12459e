"""``luthier up`` and ``luthier down``."""

from __future__ import annotations

import contextlib
import sys
from typing import Annotated

import typer

from prefect_luthier.deployments.stack.launch import (
    AlreadyRunning,
    await_running,
    is_taken,
    start_in_background,
    start_stack,
    stop_stack,
)
from prefect_luthier.deployments.stack.state import StackState, read_state
from prefect_luthier.settings import Settings, load_settings
from prefect_luthier.ui.cli.output import JsonOption, print_json, say
from prefect_luthier.ui.cli.stack_progress import Progress, stack_json, urls_text

PortOption = Annotated[
    int | None, typer.Option("--port", min=1, max=65535, help="Wished port of the Prefect server.")
]
BuilderPortOption = Annotated[
    int | None, typer.Option("--builder-port", min=1, max=65535, help="Wished port of the builder.")
]


def up(
    *,
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return when it is ready; it keeps running.")
    ] = False,
    port: PortOption = None,
    builder_port: BuilderPortOption = None,
    as_json: JsonOption = False,
) -> None:
    """Start everything: database, Prefect server, worker, builder. Ctrl-C stops it."""
    settings = load_settings()
    try:
        if detach:
            _up_detached(settings, port, builder_port, as_json=as_json)
        else:
            _up_here(settings, port, builder_port, as_json=as_json)
    except AlreadyRunning:
        with Progress(quiet=True) as progress:
            state = await_running(settings, progress.show)
        _announce(state, as_json=as_json, note="The stack is already running.")


def down(*, as_json: JsonOption = False) -> None:
    """Stop everything that `up` started. Data stays."""
    settings = load_settings()
    with Progress(before=read_state(settings)) as progress:
        stopped = stop_stack(settings, progress.show)
    if as_json:
        print_json({"ok": True, "stopped": stopped})
    else:
        say("Stopped." if stopped else "Nothing was running.")


def _up_here(
    settings: Settings, port: int | None, builder_port: int | None, *, as_json: bool
) -> None:
    from prefect_luthier.flows.actions.installed import (  # noqa: PLC0415 - only the stack needs it
        installed_catalog,
    )
    from prefect_luthier.flows.builtin_deployments import builtin_deployments  # noqa: PLC0415

    announced = False
    with Progress() as progress:

        def report(state: StackState) -> None:
            nonlocal announced
            progress.show(state)
            if state.phase == "running" and not announced:
                announced = True
                progress.finish()
                _announce(state, as_json=as_json, note="Ready. Press Ctrl-C to stop everything.")

        flows = builtin_deployments()
        start_stack(settings, installed_catalog(), report, port, builder_port, flows=flows)
    say("Stopped.")


def _up_detached(
    settings: Settings, port: int | None, builder_port: int | None, *, as_json: bool
) -> None:
    if is_taken(settings):
        raise AlreadyRunning("already-running", "A stack already runs.")
    argv = [sys.executable, "-m", "prefect_luthier.ui.cli.main", "up"]
    argv += [f"--port={port}"] if port else []
    argv += [f"--builder-port={builder_port}"] if builder_port else []
    pid = start_in_background(settings, argv)
    with Progress() as progress:
        state = await_running(settings, progress.show, pid)
    _announce(state, as_json=as_json, note="Ready. Stop it with `luthier down`.")


def _announce(state: StackState, *, as_json: bool, note: str) -> None:
    if as_json:
        print_json(stack_json(state))
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.flush()
    say(f"\n{urls_text(state)}\n\n{note}")
