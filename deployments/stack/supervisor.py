"""Starts the parts of the stack together, keeps them running, and stops them in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.jobs.submission import prepare_prefect
from prefect_luthier.deployments.stack import database, run_processes
from prefect_luthier.deployments.stack.abandoned_runs import Sweeper, settle_stopped
from prefect_luthier.deployments.stack.board import Board, Report
from prefect_luthier.deployments.stack.builtin_flows import register_builtin_flows
from prefect_luthier.deployments.stack.database_names import shown
from prefect_luthier.deployments.stack.environment import STACK_ID, prefect_home, worker_name
from prefect_luthier.deployments.stack.log_tail import log_tail
from prefect_luthier.deployments.stack.prefect_api import (
    ActiveRun,
    ensure_automations,
    open_api,
    worker_polls,
)
from prefect_luthier.deployments.stack.prefect_database import prefect_database_url
from prefect_luthier.deployments.stack.services import (
    BUILDER,
    DATABASE,
    SERVER,
    WORKER,
    builder_page,
    builder_service,
    logs_dir,
    server_service,
    worker_service,
)
from prefect_luthier.deployments.stack.state import read_state
from prefect_luthier.deployments.stack.watch import Watch
from prefect_luthier.errors import LuthierError, ServiceUnreachable
from prefect_luthier.kept_service import Hold, ServiceSpec, hold
from prefect_luthier.settings import Settings

_POLL_S = 0.1
_READY_TIMEOUT_S = 120.0
_DEATHS_BEFORE_READY = 2
_LIST_RUNS_TIMEOUT_S = 3.0
_REGISTER_TRIES = 5
_REGISTER_PAUSE_S = 0.5

Check = Callable[[httpx.AsyncClient], Awaitable[bool]]


@dataclass(frozen=True)
class Wishes:
    """What the caller asks for.

    Args:
        prefect_port: Port of the Prefect server; None leaves it to the settings.
        builder_port: Port of the builder; None leaves it to the settings.
        flows: Flows to be registered, each with its deployment.
    """

    prefect_port: int | None = None
    builder_port: int | None = None
    flows: Sequence[Mapping[str, Any]] = ()


class Supervisor:
    """Runs one stack; see `run`.

    Args:
        settings: Where the data is and what is used instead of our own parts.
        catalog: The installed entries, written to the database at each start.
        report: Called with the new state at each change.
        wishes: What the caller asks for.
    """

    def __init__(
        self, settings: Settings, catalog: Catalog, report: Report, wishes: Wishes | None = None
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._wishes = wishes or Wishes()
        self._holds: dict[str, Hold] = {}
        self._stop = asyncio.Event()
        self._owns_server = settings.prefect_api_url is None
        names = [DATABASE, SERVER, WORKER] + ([BUILDER] if builder_page().exists() else [])
        self._board = Board(settings, names, report)

    async def run(self) -> None:
        """Start everything, keep it running until a signal comes, stop everything.

        Raises:
            ServiceUnreachable: A part cannot be started; what had started is stopped again.
        """
        self._listen_for_signals()
        prefect_home(self._settings).mkdir(parents=True, exist_ok=True)
        logs_dir(self._settings).mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(self._clean_up_after_a_crash)
        os.environ[STACK_ID] = self._board.state.stack_id
        self._board.enter("starting")
        error: LuthierError | None = None
        try:
            if await self._start_unless_stopped():
                self._board.enter("running")
                await self._watch()
        except ExceptionGroup as group:
            first = _first_error(group)
            error = first if isinstance(first, LuthierError) else None
            raise first from None
        finally:
            await self._end(error)

    def _listen_for_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN:
                continue  # started with nohup
            loop.add_signal_handler(number, self._stop.set)

    def _clean_up_after_a_crash(self) -> None:
        before = read_state(self._settings)
        if before is not None:
            run_processes.end_strays(before.stack_id)

    async def _start_unless_stopped(self) -> bool:
        starting = asyncio.ensure_future(self._start())
        stopping = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if starting.done():
            starting.result()
            return not self._stop.is_set()
        starting.cancel()
        with contextlib.suppress(asyncio.CancelledError, ExceptionGroup):
            await starting
        return False

    async def _start(self) -> None:
        async with asyncio.TaskGroup() as group:
            database_ready = group.create_task(self._start_database())
            group.create_task(self._start_services(database_ready))

    async def _start_database(self) -> str:
        self._board.change(DATABASE, "starting")
        url = await asyncio.to_thread(database.prepare, self._settings, self._catalog)
        self._board.publish(database_url=url)
        self._board.change(DATABASE, "ready", url=shown(url))
        return url

    async def _start_services(self, database_ready: Awaitable[str]) -> None:
        settings = self._settings
        api_url = settings.prefect_api_url or await self._hold_server()
        api_url = api_url.rstrip("/")
        ui_url = api_url.removesuffix("/api")
        self._board.publish(prefect_api_url=api_url, prefect_ui_url=ui_url)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._await_server(api_url, ui_url))
            extra = {"LUTHIER_DATABASE_URL": await database_ready} if settings.database_url else {}
            await database_ready  # a run must find its tables
            await self._hold(worker_service(settings, api_url, extra))
            group.create_task(self._await_worker(api_url))
            if BUILDER in self._board:
                spec = builder_service(settings, api_url, extra, self._wishes.builder_port)
                url = f"http://127.0.0.1:{await self._hold(spec)}"
                self._board.publish(builder_url=url)
                group.create_task(self._await_builder(url))

    async def _hold_server(self) -> str:
        self._board.change(SERVER, "starting")
        url = await asyncio.to_thread(prefect_database_url, self._settings)
        port = await self._hold(server_service(self._settings, url, self._wishes.prefect_port))
        return f"http://127.0.0.1:{port}/api"

    async def _hold(self, spec: ServiceSpec) -> int | None:
        """Start a service; return its port as soon as its keeper has chosen one."""
        self._board.change(spec.name, "starting", log=str(spec.log))
        held = self._holds[spec.name] = await asyncio.to_thread(hold, spec)
        report = await asyncio.to_thread(held.await_report)
        self._board.change(spec.name, "starting", pid=report.pid)
        if report.port is not None and spec.port is not None and report.port != spec.port:
            detail = f"port {spec.port} is taken, using {report.port}"
            self._board.change(spec.name, "starting", detail=detail)
        return report.port

    async def _await_server(self, api_url: str, ui_url: str) -> None:
        async def healthy(client: httpx.AsyncClient) -> bool:
            if not (await client.get("/health")).is_success:
                return False
            if self._owns_server:
                await ensure_automations(client)
            return True

        self._board.change(SERVER, "starting")
        async with open_api(api_url) as api:
            await self._await(SERVER, api, healthy)
            detail = self._board[SERVER].detail
            if not self._owns_server:
                detail = await self._use_foreign_server(api)
        self._board.change(SERVER, "ready", url=ui_url, detail=detail)

    async def _use_foreign_server(self, api: httpx.AsyncClient) -> str:
        try:
            await ensure_automations(api, self._settings.work_pool)
        except httpx.HTTPError:  # a server without automations, or a key that may not make any
            return "given by PREFECT_API_URL; without the automations that end abandoned runs"
        return "given by PREFECT_API_URL"

    async def _await_worker(self, api_url: str) -> None:
        since = time.time()
        pool, name = self._settings.work_pool, worker_name(self._settings)

        async def polling(client: httpx.AsyncClient) -> bool:
            return await worker_polls(client, pool, name, since)

        async with open_api(api_url) as api:
            await self._await(WORKER, api, polling)
            with contextlib.suppress(httpx.HTTPError):  # asked for again when a job comes
                await prepare_prefect(api, self._settings)
            detail = f"work pool {pool}{await self._register_flows(api)}"
        self._board.change(WORKER, "ready", detail=detail)

    async def _register_flows(self, api: httpx.AsyncClient) -> str:
        """Register the built-in flows, asking a busy server again; say if it stays so.

        Without them the stack still runs, and the next start tries anew.
        """
        for left in reversed(range(_REGISTER_TRIES)):
            try:
                await register_builtin_flows(api, self._settings.work_pool, self._wishes.flows)
            except httpx.HTTPError as error:
                if not left:
                    return f"; the built-in flows could not be registered: {error}"
                await asyncio.sleep(_REGISTER_PAUSE_S)
            else:
                break
        return ""

    async def _await_builder(self, url: str) -> None:
        async def healthy(client: httpx.AsyncClient) -> bool:
            return (await client.get("/_stcore/health")).is_success

        async with open_api(url) as client:
            await self._await(BUILDER, client, healthy)
        self._board.change(BUILDER, "ready", url=url, detail=self._board[BUILDER].detail)

    async def _await(self, name: str, client: httpx.AsyncClient, ready: Check) -> None:
        deadline = time.monotonic() + _READY_TIMEOUT_S
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                if await ready(client):
                    return
            held = self._holds.get(name)
            if held is None and self._is_refused(name, deadline):
                break
            report = held.status if held else None
            if report and (report.status == "failed" or report.restarts >= _DEATHS_BEFORE_READY):
                break
            await asyncio.sleep(_POLL_S)
        raise self._not_ready(name)

    def _is_refused(self, name: str, deadline: float) -> bool:
        """Tell whether a server that is not ours has had its chance."""
        return name == SERVER and deadline - time.monotonic() < _READY_TIMEOUT_S - 5

    def _not_ready(self, name: str) -> ServiceUnreachable:
        held = self._holds.get(name)
        if held is None:
            return ServiceUnreachable(
                "prefect-unreachable",
                f"The Prefect server at {self._settings.prefect_api_url} does not answer.",
                "Check PREFECT_API_URL, or unset it to let Luthier start its own server.",
            )
        self._board.change(name, "failed")
        return ServiceUnreachable(
            f"{name}-not-started",
            f"The {name} does not start. Its log ends with:\n{log_tail(held.spec.log)}",
            f"The whole log is {held.spec.log}.",
        )

    async def _watch(self) -> None:
        sweeper = self._sweeper()
        async with open_api(self._board.state.prefect_api_url) as api:
            await Watch(self._settings, self._board, self._holds, sweeper, api).run(self._stop)

    def _sweeper(self) -> Sweeper:
        return Sweeper(self._settings.work_pool, worker_name(self._settings), self._owns_server)

    async def _end(self, error: LuthierError | None) -> None:
        self._board.enter("stopping")
        interrupted = await self._runs_at_work()
        for name in (BUILDER, WORKER, SERVER):
            if name == SERVER and interrupted:
                await self._settle(interrupted)
            if name in self._holds:
                self._board.change(name, "stopping")
                await asyncio.to_thread(self._holds.pop(name).release)
                self._board.change(name, "stopped")
        self._board.change(DATABASE, "stopping")
        await asyncio.to_thread(run_processes.end_strays, self._board.state.stack_id)
        await asyncio.to_thread(database.release, self._settings)
        self._board.change(DATABASE, "stopped")
        self._board.close(error)

    async def _runs_at_work(self) -> list[ActiveRun]:
        if WORKER not in self._holds:
            return []
        with contextlib.suppress(httpx.HTTPError, TimeoutError):
            async with open_api(self._board.state.prefect_api_url) as api:
                return await asyncio.wait_for(
                    self._sweeper().runs_at_work(api), _LIST_RUNS_TIMEOUT_S
                )
        return []

    async def _settle(self, interrupted: list[ActiveRun]) -> None:
        with contextlib.suppress(httpx.HTTPError, TimeoutError):
            async with open_api(self._board.state.prefect_api_url) as api:
                await asyncio.wait_for(settle_stopped(api, interrupted), _LIST_RUNS_TIMEOUT_S)


def _first_error(group: ExceptionGroup[Exception]) -> Exception:
    """Return the error of a group that says most to a user."""
    flat = [
        _first_error(error) if isinstance(error, ExceptionGroup) else error
        for error in group.exceptions
    ]
    return next((error for error in flat if isinstance(error, LuthierError)), flat[0])
