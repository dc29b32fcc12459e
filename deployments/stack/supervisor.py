"""Starts the parts of the stack together, watches them, and stops them in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.stack import database
from prefect_luthier.deployments.stack.database_names import shown
from prefect_luthier.deployments.stack.environment import STACK_ID, prefect_home
from prefect_luthier.deployments.stack.services import (
    BUILDER,
    SERVER,
    WORKER,
    builder_page,
    builder_service,
    logs_dir,
    server_service,
    worker_service,
)
from prefect_luthier.deployments.stack.state import (
    PartState,
    StackState,
    remove_state,
    write_state,
)
from prefect_luthier.errors import LuthierError, ServiceUnreachable
from prefect_luthier.kept_service import Hold, ServiceSpec, hold
from prefect_luthier.settings import Settings

DATABASE = "database"

_POLL_S = 0.1
_WATCH_S = 1.0
_READY_TIMEOUT_S = 90.0
_DEATHS_BEFORE_READY = 2
_LOG_TAIL_CHARACTERS = 1200

Report = Callable[[StackState], None]


@dataclass(frozen=True)
class Wishes:
    """Ports that the caller asks for; None leaves them to the settings."""

    prefect_port: int | None = None
    builder_port: int | None = None


class Supervisor:
    """Runs one stack; see `run`.

    Args:
        settings: Where the data is and what is used instead of our own parts.
        catalog: The installed entries, written to the database at each start.
        report: Called with the new state at each change.
        wishes: Ports that the caller asks for.
    """

    def __init__(
        self, settings: Settings, catalog: Catalog, report: Report, wishes: Wishes | None = None
    ) -> None:
        self._settings = settings
        self._catalog = catalog
        self._report = report
        self._wishes = wishes or Wishes()
        self._holds: dict[str, Hold] = {}
        self._stop = asyncio.Event()
        names = [DATABASE, SERVER, WORKER] + ([BUILDER] if builder_page().exists() else [])
        self._parts = {name: PartState(name=name, since=time.time()) for name in names}
        self._state = StackState(
            stack_id=uuid.uuid4().hex,
            pid=os.getpid(),
            pid_started=psutil.Process().create_time(),
            phase="starting",
            started_at=time.time(),
            logs_dir=logs_dir(settings),
            parts=tuple(self._parts.values()),
        )

    async def run(self) -> None:
        """Start everything, keep it running until a signal comes, stop everything.

        Raises:
            ServiceUnreachable: A part cannot be started; what had started is stopped again.
        """
        self._listen_for_signals()
        os.environ[STACK_ID] = self._state.stack_id
        prefect_home(self._settings).mkdir(parents=True, exist_ok=True)
        logs_dir(self._settings).mkdir(parents=True, exist_ok=True)
        self._publish(phase="starting")
        try:
            if await self._start_unless_stopped():
                self._publish(phase="running")
                await self._watch()
        finally:
            await self._end()

    def _listen_for_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop.set)

    async def _start_unless_stopped(self) -> bool:
        starting = asyncio.ensure_future(self._start())
        stopping = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if starting.done():
            starting.result()
            return not self._stop.is_set()
        starting.cancel()
        with contextlib.suppress(asyncio.CancelledError, LuthierError):
            await starting
        return False

    async def _start(self) -> None:
        async with asyncio.TaskGroup() as group:
            database_ready = group.create_task(self._start_database())
            group.create_task(self._start_services(database_ready))

    async def _start_database(self) -> str:
        self._change(DATABASE, "starting")
        url = await asyncio.to_thread(database.prepare, self._settings, self._catalog)
        self._publish(database_url=url)
        self._change(DATABASE, "ready", url=shown(url))
        return url

    async def _start_services(self, database_ready: Awaitable[str]) -> None:
        settings = self._settings
        if settings.prefect_api_url:
            api_url = settings.prefect_api_url.rstrip("/")
        else:
            file = prefect_home(settings) / "prefect.db"
            url = f"sqlite+aiosqlite:///{file}"
            port = await self._hold(server_service(settings, url, self._wishes.prefect_port))
            api_url = f"http://127.0.0.1:{port}/api"
        ui_url = api_url.removesuffix("/api")
        self._publish(prefect_api_url=api_url, prefect_ui_url=ui_url)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._await_ready(SERVER, ui_url, f"{api_url}/health"))
            extra = {"LUTHIER_DATABASE_URL": await database_ready}
            await self._hold(worker_service(settings, api_url, extra))
            group.create_task(self._await_worker(api_url))
            if BUILDER in self._parts:
                spec = builder_service(settings, api_url, extra, self._wishes.builder_port)
                url = f"http://127.0.0.1:{await self._hold(spec)}"
                self._publish(builder_url=url)
                group.create_task(self._await_ready(BUILDER, url, f"{url}/_stcore/health"))

    async def _hold(self, spec: ServiceSpec) -> int | None:
        """Start a service; return its port as soon as its keeper has chosen one."""
        self._change(spec.name, "starting", log=str(spec.log))
        held = self._holds[spec.name] = await asyncio.to_thread(hold, spec)
        while (report := held.status) is None:
            await asyncio.sleep(_POLL_S / 5)
        self._change(spec.name, "starting", pid=report.pid)
        return report.port

    async def _await_ready(self, name: str, url: str, health_url: str) -> None:
        async def healthy(client: httpx.AsyncClient) -> bool:
            return (await client.get(health_url)).is_success

        await self._await(name, healthy)
        self._change(name, "ready", url=url)

    async def _await_worker(self, api_url: str) -> None:
        pool = f"{api_url}/work_pools/{self._settings.work_pool}"

        async def polling(client: httpx.AsyncClient) -> bool:
            answer = await client.post(f"{pool}/workers/filter", json={})
            return answer.is_success and any(w["status"] == "ONLINE" for w in answer.json())

        await self._await(WORKER, polling)
        self._change(WORKER, "ready", url=f"work pool {self._settings.work_pool}")

    async def _await(
        self, name: str, ready: Callable[[httpx.AsyncClient], Awaitable[bool]]
    ) -> None:
        deadline = time.monotonic() + _READY_TIMEOUT_S
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as client:
            while time.monotonic() < deadline:
                with contextlib.suppress(httpx.HTTPError):
                    if await ready(client):
                        return
                report = self._holds[name].status if name in self._holds else None
                if report and (
                    report.status == "failed" or report.restarts >= _DEATHS_BEFORE_READY
                ):
                    break
                await asyncio.sleep(_POLL_S)
        raise self._not_ready(name)

    def _not_ready(self, name: str) -> ServiceUnreachable:
        held = self._holds.get(name)
        if held is None:
            url = self._settings.prefect_api_url
            return ServiceUnreachable(
                "prefect-unreachable",
                f"The Prefect server at {url} does not answer.",
                "Check PREFECT_API_URL, or unset it to let Luthier start its own server.",
            )
        self._change(name, "failed")
        return ServiceUnreachable(
            f"{name}-not-started",
            f"The {name} does not start. Its log ends with:\n{_tail(held.spec.log)}",
            f"The whole log is {held.spec.log}.",
        )

    async def _watch(self) -> None:
        while not self._stop.is_set():
            for name, held in self._holds.items():
                held.ensure_kept()
                report = held.status
                if report is None:
                    continue
                part = self._parts[name]
                if (part.pid, part.restarts) != (report.pid, report.restarts):
                    self._change(name, "ready", pid=report.pid, restarts=report.restarts)
            if not self._settings.database_url:
                await asyncio.to_thread(database.ensure_running, self._settings)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), _WATCH_S)

    async def _end(self) -> None:
        if self._state.phase != "failed":
            self._publish(phase="stopping")
        for name in (BUILDER, WORKER, SERVER):
            if name in self._holds:
                self._change(name, "stopping")
                await asyncio.to_thread(self._holds.pop(name).release)
                self._change(name, "stopped")
        self._change(DATABASE, "stopping")
        await asyncio.to_thread(database.release, self._settings)
        self._change(DATABASE, "stopped")
        remove_state(self._settings)

    def _change(self, name: str, status: str, **values: object) -> None:
        part = self._parts.get(name)
        if part is None:
            return
        now = time.time()
        took = now - self._state.started_at if status == "ready" and part.took_s is None else None
        update = {"status": status, "since": now, **values}
        if took is not None:
            update["took_s"] = round(took, 2)
        self._parts[name] = part.model_copy(update=update)
        self._publish()

    def _publish(self, **values: object) -> None:
        parts = tuple(self._parts.values())
        self._state = self._state.model_copy(update={"parts": parts, **values})
        write_state(self._settings, self._state)
        self._report(self._state)


def _tail(log: Path) -> str:
    with contextlib.suppress(OSError):
        return log.read_text(errors="replace")[-_LOG_TAIL_CHARACTERS:].strip()
    return "(no log)"
