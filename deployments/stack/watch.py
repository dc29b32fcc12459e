"""Looks after a running stack: notices parts that died, hang or have failed for good."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Callable, Mapping

import httpx
from sqlalchemy.exc import SQLAlchemyError

from prefect_luthier.blocks import private_postgres
from prefect_luthier.deployments.jobs.sweep import JobSweeper
from prefect_luthier.deployments.stack import database
from prefect_luthier.deployments.stack.abandoned_runs import Sweeper
from prefect_luthier.deployments.stack.board import Board
from prefect_luthier.deployments.stack.log_tail import log_tail
from prefect_luthier.deployments.stack.services import BUILDER, DATABASE, SERVER, WORKER
from prefect_luthier.deployments.stack.state import PartStatus
from prefect_luthier.errors import LuthierError, ServiceUnreachable
from prefect_luthier.kept_service import Hold, ServiceStatus
from prefect_luthier.settings import Settings

_LOOK_S = 0.5
_HEALTH_S = 5.0
_HEALTH_TIMEOUT_S = 3.0
_SWEEP_S = 3.0
_SWEEP_SILENT_S = 30.0
_SWEEP_JOBS_S = 5.0
_HUNG_AFTER_S = 60.0
_RETRY_FAILED_S = 60.0


class Watch:
    """One stack's watch; see `run`.

    Args:
        settings: Tells whether the database is ours.
        board: Where changes are noted.
        holds: The services that we hold.
        sweeper: Ends runs whose process is gone.
        api: The Prefect server's API.
    """

    def __init__(
        self,
        settings: Settings,
        board: Board,
        holds: Mapping[str, Hold],
        sweeper: Sweeper,
        api: httpx.AsyncClient,
    ) -> None:
        self._settings = settings
        self._board = board
        self._holds = holds
        self._sweeper = sweeper
        self._api = api
        self._jobs = JobSweeper(settings)
        self._answered: dict[str, float] = {}

    async def run(self, stop: asyncio.Event) -> None:
        """Watch until ``stop`` is set."""
        turns: tuple[tuple[float, Callable[[], object]], ...] = (
            (_LOOK_S, self._look_at_services),
            (_LOOK_S, self._look_at_database),
            (_HEALTH_S, self._look_at_health),
            (_SWEEP_S, self._sweep),
            (_SWEEP_SILENT_S, self._sweep_silent),
            (_SWEEP_JOBS_S, self._sweep_jobs),
        )
        tasks = [asyncio.create_task(self._repeat(look, every_s)) for every_s, look in turns]
        stopping = asyncio.create_task(stop.wait())
        try:
            done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in [*tasks, stopping]:
                task.cancel()
            await asyncio.gather(*tasks, stopping, return_exceptions=True)

    async def _repeat(self, look: Callable[[], object], every_s: float) -> None:
        while True:
            result = look()
            if asyncio.iscoroutine(result):
                await result
            await asyncio.sleep(every_s)

    def _look_at_services(self) -> None:
        for name, held in self._holds.items():
            part, report = self._board[name], held.status
            if report is not None and report.status == "failed":
                if part.status != "failed":
                    self._board.change(name, "failed", pid=None, detail=_failure(report, held))
                elif time.time() - part.since > _RETRY_FAILED_S:
                    held.ensure_kept()
                continue
            held.ensure_kept()
            if report is not None and (part.pid, part.restarts) != (report.pid, report.restarts):
                self._note_restart(name, report)

    def _note_restart(self, name: str, report: ServiceStatus) -> None:
        detail = f"restarted after {report.last_exit}" if report.last_exit else "restarted"
        running = report.status == "running"
        status: PartStatus = "ready" if running and name == WORKER else "restarting"
        self._answered.pop(name, None)
        self._board.change(name, status, pid=report.pid, restarts=report.restarts, detail=detail)

    async def _look_at_database(self) -> None:
        if self._settings.database_url:
            return
        part = self._board[DATABASE]
        if part.status == "failed" and time.time() - part.since < _RETRY_FAILED_S:
            return
        try:
            await asyncio.to_thread(database.ensure_running, self._settings)
        except ServiceUnreachable as error:
            self._board.change(DATABASE, "failed", pid=None, detail=str(error))
            return
        report = private_postgres.status(self._settings.data_dir)
        if report is None:
            return
        if part.pid is None and part.status != "failed":
            self._board.change(DATABASE, "ready", pid=report.pid, log=report.log)
        elif (part.pid, part.status) != (report.pid, "ready"):
            detail = f"restarted after {report.last_exit}"
            self._board.change(
                DATABASE, "ready", pid=report.pid, restarts=report.restarts, detail=detail
            )

    async def _look_at_health(self) -> None:
        urls = {SERVER: f"{self._board.state.prefect_api_url}/health"}
        if BUILDER in self._holds:
            urls[BUILDER] = f"{self._board.state.builder_url}/_stcore/health"
        await asyncio.gather(*(self._check(name, url) for name, url in urls.items()))

    async def _check(self, name: str, url: str) -> None:
        part = self._board[name]
        if part.status == "failed":
            return
        with contextlib.suppress(httpx.HTTPError):
            answer = await self._api.get(url, timeout=_HEALTH_TIMEOUT_S)
            if answer.is_success:
                self._answered[name] = time.monotonic()
                if part.status != "ready":
                    self._board.change(name, "ready", detail=part.detail)
                return
        silent_s = time.monotonic() - self._answered.setdefault(name, time.monotonic())
        if part.status == "ready" and silent_s > _HEALTH_S:
            self._board.change(name, "restarting", detail="it does not answer")
        if silent_s > _HUNG_AFTER_S and name in self._holds and part.pid is not None:
            self._answered[name] = time.monotonic()
            with contextlib.suppress(ProcessLookupError):
                os.kill(part.pid, signal.SIGKILL)  # its keeper starts it again

    async def _sweep(self) -> None:
        with contextlib.suppress(httpx.HTTPError, ValueError, KeyError):  # a server going down
            await self._sweeper.sweep(self._api, self._board[WORKER].pid)

    async def _sweep_silent(self) -> None:
        with contextlib.suppress(httpx.HTTPError, ValueError, KeyError):
            await self._sweeper.sweep_silent(self._api)

    async def _sweep_jobs(self) -> None:
        away = (httpx.HTTPError, SQLAlchemyError, LuthierError, ValueError, KeyError)
        with contextlib.suppress(*away):  # the next turn looks again
            await self._jobs.sweep(self._api)


def _failure(report: ServiceStatus, held: Hold) -> str:
    return (
        f"{report.reason}; its log ends with: {log_tail(held.spec.log)[-300:]}\n"
        f"Mend the cause (the whole log is {held.spec.log}), then `luthier down` and `luthier up`."
    )
