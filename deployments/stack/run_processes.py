"""The processes of flow runs on this machine, and those that a dead stack left behind."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable, Iterator

import psutil

from prefect_luthier.deployments.stack.environment import STACK_ID

_RUN_ID = "PREFECT__FLOW_RUN_ID"
_KEEPER_SCRIPT = "prefect_luthier/keeper.py"
_TERM_GRACE_S = 6.0
_KILL_GRACE_S = 2.0


def is_process_of(pid: int, run_id: str) -> bool:
    """Return whether ``pid`` lives and executes that run; a reused pid does not."""
    with contextlib.suppress(psutil.Error, OSError):
        process = psutil.Process(pid)
        alive = process.status() != psutil.STATUS_ZOMBIE
        return alive and process.environ().get(_RUN_ID) == run_id
    return False


def run_has_process(run_id: str) -> bool:
    """Return whether any process on this machine belongs to the run."""
    return any(environ.get(_RUN_ID) == run_id for _, environ in _processes())


def descends_from(pid: int, ancestor: int | None) -> bool:
    """Return whether ``ancestor`` is a parent, grandparent, … of ``pid``."""
    with contextlib.suppress(psutil.Error):
        return any(parent.pid == ancestor for parent in psutil.Process(pid).parents())
    return False


def end_strays(stack_id: str) -> int:
    """End the processes of a stack that no keeper looks after any more; return how many."""
    strays = [
        process
        for process, environ in _processes()
        if environ.get(STACK_ID) == stack_id
        and process.pid != psutil.Process().pid
        and not _is_kept(process)
    ]
    end(strays)
    return len(strays)


def end(processes: Iterable[psutil.Process], grace_s: float = _TERM_GRACE_S) -> None:
    """End processes: ask first, then force."""
    remaining = list(processes)
    for process in remaining:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    _, remaining = psutil.wait_procs(remaining, timeout=grace_s)
    for process in remaining:
        with contextlib.suppress(psutil.Error):
            process.kill()
    psutil.wait_procs(remaining, timeout=_KILL_GRACE_S)


def started_at(pid: int) -> float:
    """Return the Unix time at which a process started, or now if it has ended."""
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).create_time()
    return time.time()


def _is_kept(process: psutil.Process) -> bool:
    with contextlib.suppress(psutil.Error):
        return any(
            any(word.endswith(_KEEPER_SCRIPT) for word in relative.cmdline())
            for relative in [process, *process.parents()]
        )
    return False


def _processes() -> Iterator[tuple[psutil.Process, dict[str, str]]]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            yield process, process.environ()
