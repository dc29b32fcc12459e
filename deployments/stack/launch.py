"""One stack per data directory: start it here or in the background, find it, stop it."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, Any

import psutil

from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.stack.services import logs_dir
from prefect_luthier.deployments.stack.state import StackState, StartError, read_state, remove_state
from prefect_luthier.errors import LuthierError, ServiceUnreachable, UsageError
from prefect_luthier.settings import Settings

_POLL_S = 0.1
_START_TIMEOUT_S = 180.0
_STOP_TIMEOUT_S = 30.0

Report = Callable[[StackState], None]


class AlreadyRunning(LuthierError):
    """Another supervisor has this data directory."""


def start_stack(
    settings: Settings,
    catalog: Catalog,
    report: Report,
    prefect_port: int | None = None,
    builder_port: int | None = None,
    *,
    flows: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Run the stack in this process until SIGINT, SIGTERM or SIGHUP.

    Args:
        settings: Where the data is and what is used instead of our own parts.
        catalog: The installed entries.
        report: Called with the new state at each change.
        prefect_port: Wished port of the Prefect server.
        builder_port: Wished port of the builder.
        flows: Flows to be registered, each with its deployment.

    Raises:
        AlreadyRunning: A stack has this data directory.
        ServiceUnreachable: A part cannot be started.
    """
    from prefect_luthier.deployments.stack.supervisor import (  # noqa: PLC0415 - loads SQLAlchemy
        Supervisor,
        Wishes,
    )

    async def run() -> None:
        wishes = Wishes(prefect_port, builder_port, flows)
        await Supervisor(settings, catalog, report, wishes).run()

    with _only_stack(settings):
        asyncio.run(run())


def start_in_background(settings: Settings, argv: Sequence[str]) -> int:
    """Start ``argv``, which runs `start_stack`, detached from this terminal; return its pid."""
    logs_dir(settings).mkdir(parents=True, exist_ok=True)
    with (logs_dir(settings) / "supervisor.log").open("ab") as log:
        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            cwd="/",
            env=os.environ | {"LUTHIER_DATA_DIR": str(settings.data_dir)},
        ).pid


def await_running(settings: Settings, report: Report, pid: int | None = None) -> StackState:
    """Wait until the stack runs, reporting its progress.

    Raises:
        ServiceUnreachable: It ended instead, or takes too long.
    """
    deadline = time.monotonic() + _START_TIMEOUT_S
    while time.monotonic() < deadline:
        state = read_state(settings)
        if state is not None and (pid is None or state.pid == pid):
            report(state)
            if state.phase == "running" and state.is_alive:
                return state
            if state.phase == "failed" and pid is not None and state.error:
                _await_end(pid)
                raise _start_failure(state.error)
        if not (is_taken(settings) or (pid is not None and _runs(pid))):
            break
        time.sleep(_POLL_S)
    raise ServiceUnreachable(
        "stack-not-started",
        "The stack does not start.",
        f"Look into {logs_dir(settings)}, or start it in this terminal with `luthier up`.",
    )


def _await_end(pid: int) -> None:
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    while _runs(pid) and time.monotonic() < deadline:
        time.sleep(_POLL_S)


def _start_failure(error: StartError) -> LuthierError:
    kinds = (UsageError, ServiceUnreachable)
    kind = next((kind for kind in kinds if kind.exit_code == error.exit_code), LuthierError)
    return kind(error.code, error.message, error.advice)


def stop_stack(settings: Settings, report: Report) -> bool:
    """Stop the stack; return False when there was none.

    Raises:
        LuthierError: It does not end in time.
    """
    state = read_state(settings)
    if state is None or not state.is_alive:
        remove_state(settings)
        return False
    with contextlib.suppress(ProcessLookupError):
        os.kill(state.pid, signal.SIGTERM)
    deadline = time.monotonic() + _STOP_TIMEOUT_S
    while state.is_alive and time.monotonic() < deadline:
        current = read_state(settings)
        if current is not None:
            report(current)
        time.sleep(_POLL_S)
    if is_taken(settings):
        raise LuthierError(
            "stack-does-not-stop",
            f"The stack (process {state.pid}) has not ended after {_STOP_TIMEOUT_S:.0f} s.",
            f"Look into {logs_dir(settings)}.",
        )
    return True


def is_taken(settings: Settings) -> bool:
    """Return whether a supervisor has this data directory, ready or not."""
    try:
        with _only_stack(settings):
            return False
    except AlreadyRunning:
        return True


@contextmanager
def _only_stack(settings: Settings) -> Iterator[None]:
    with _lock_file(settings) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(
                "already-running",
                f"A stack already runs on {settings.data_dir}.",
                "See it with `luthier status`; stop it with `luthier down`.",
            ) from None
        yield


def _lock_file(settings: Settings) -> IO[bytes]:
    try:
        settings.run_dir.mkdir(parents=True, exist_ok=True)
        return (settings.run_dir / "lock").open("ab")
    except OSError as error:
        raise UsageError(
            "data-dir-unusable",
            f"The data directory {settings.data_dir} cannot be written: {error}",
            "Set LUTHIER_DATA_DIR to a folder of your own.",
        ) from error


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False
