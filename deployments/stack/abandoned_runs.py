"""Runs of our worker whose process is gone: no run may stay Running for ever.

The automations end such runs too, after three missed heartbeats and wherever they ran. The
supervisor knows sooner, because it can look at the processes.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

import httpx
import psutil

from prefect_luthier.deployments.stack import run_processes
from prefect_luthier.deployments.stack.environment import HEARTBEAT_S
from prefect_luthier.deployments.stack.prefect_api import (
    ActiveRun,
    active_runs,
    set_state,
    silent_runs,
    state_type,
)

_FORCE_AFTER_S = 8.0
_CLOCK_SLACK_S = 2.0
SILENCE_S = 3.5 * HEARTBEAT_S

PROCESS_GONE = (
    "The run's process has ended without a result: it was killed, or the machine went down. "
    "`luthier resume` continues it."
)
STACK_STOPPED = "The stack was stopped while this run was at work. `luthier resume` continues it."
CANCELLED = "Cancelled; the run's process has ended."
NOT_STARTED = "Its worker ended before the run started; the next worker starts it."


@dataclass
class Sweeper:
    """Looks for abandoned runs again and again, and acts on the second sight.

    Args:
        work_pool: The pool whose runs are looked at.
        worker: Name of our worker; runs of other workers are theirs.
        owns_server: Whether the server is ours, so that nobody else starts runs of the pool.
    """

    work_pool: str
    worker: str
    owns_server: bool
    _suspects: set[str] = field(default_factory=set)
    _since: float = field(default_factory=time.monotonic)
    _told_to_end: dict[str, float] = field(default_factory=dict)

    async def sweep(self, api: httpx.AsyncClient, worker_pid: int | None) -> list[str]:
        """End the runs that are abandoned; return their ids."""
        runs = [run for run in await active_runs(api, self.work_pool) if self._is_ours(run)]
        suspects = {run.run_id for run in runs if self._is_abandoned(run, worker_pid)}
        confirmed = [run for run in runs if run.run_id in suspects & self._suspects]
        self._suspects = suspects
        for run in confirmed:
            await self._settle(api, run)
        await self._confirm_cancellations(api, {run.run_id for run in runs})
        return [run.run_id for run in confirmed]

    async def sweep_silent(self, api: httpx.AsyncClient) -> list[str]:
        """End runs that no worker started and whose process is gone; return their ids.

        The automation misses those that ended together with the server, as a run in a terminal
        does when the machine goes down.
        """
        if not self.owns_server or time.monotonic() - self._since < SILENCE_S:
            return []
        silent = await silent_runs(api, SILENCE_S)
        for run_id in silent:
            await set_state(api, run_id, "CRASHED", PROCESS_GONE)
        return silent

    async def runs_at_work(self, api: httpx.AsyncClient) -> list[ActiveRun]:
        """Return the runs of our worker that have not ended."""
        return [run for run in await active_runs(api, self.work_pool) if self._is_ours(run)]

    def _is_ours(self, run: ActiveRun) -> bool:
        return run.worker == self.worker or (run.worker is None and self.owns_server)

    def _is_abandoned(self, run: ActiveRun, worker_pid: int | None) -> bool:
        if run.state_type == "PENDING":
            submitted_by_this_worker = (
                worker_pid is not None
                and run.state_since.timestamp()
                > run_processes.started_at(worker_pid) - _CLOCK_SLACK_S
            )
            return not submitted_by_this_worker and not run_processes.run_has_process(run.run_id)
        if run.pid is None:
            return not run_processes.run_has_process(run.run_id)
        if not run_processes.is_process_of(run.pid, run.run_id):
            return True
        if run.state_type == "CANCELLING" and not run_processes.descends_from(run.pid, worker_pid):
            self._tell_to_end(run.run_id, run.pid)
        return False

    def _tell_to_end(self, run_id: str, pid: int) -> None:
        """Cancel a run whose worker is gone; the present worker does not know its process."""
        now = time.monotonic()
        first = self._told_to_end.setdefault(run_id, now)
        with contextlib.suppress(ProcessLookupError, psutil.Error):
            if first == now:
                os.kill(pid, signal.SIGTERM)
            elif now - first > _FORCE_AFTER_S:
                process = psutil.Process(pid)
                run_processes.end([*process.children(recursive=True), process], grace_s=0)

    async def _confirm_cancellations(self, api: httpx.AsyncClient, active: set[str]) -> None:
        """Call those Cancelled that reported a crash when we ended them."""
        for run_id in set(self._told_to_end) - active:
            if await state_type(api, run_id) == "CRASHED":
                await set_state(api, run_id, "CANCELLED", CANCELLED)
            del self._told_to_end[run_id]

    async def _settle(self, api: httpx.AsyncClient, run: ActiveRun) -> None:
        if run.state_type == "PENDING":
            await set_state(api, run.run_id, "SCHEDULED", NOT_STARTED)
        elif run.state_type == "CANCELLING":
            await set_state(api, run.run_id, "CANCELLED", CANCELLED)
        else:
            await set_state(api, run.run_id, "CRASHED", PROCESS_GONE)


async def settle_stopped(api: httpx.AsyncClient, runs: Iterable[ActiveRun]) -> None:
    """Give the runs that a stop of the stack has interrupted their last state."""
    for run in runs:
        if run.state_type == "PENDING":
            await set_state(api, run.run_id, "SCHEDULED", NOT_STARTED)
        elif run.state_type == "CANCELLING":
            await set_state(api, run.run_id, "CANCELLED", "Cancelled as the stack was stopped.")
        elif await state_type(api, run.run_id) not in {"COMPLETED", "FAILED"}:
            await set_state(api, run.run_id, "CRASHED", STACK_STOPPED)
