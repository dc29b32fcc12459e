"""The results of a run in PostgreSQL, written by one thread while the flow goes on.

The thread takes whatever has gathered since its last commit and writes it in one transaction;
`record` returns when it is durable. Its connection also holds a lock on the run, which ends with
the process: two processes can never run the same run.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlmodel import Session

from prefect_luthier.blocks.database import database_url
from prefect_luthier.deployments.definition.plan import Plan
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.runs import (
    StepResult,
    adopt_steps,
    earlier_try,
    finish_run,
    forget_run,
    lock_run,
    record_steps,
    start_run,
    step_results,
)
from prefect_luthier.errors import LuthierError, ServiceUnreachable
from prefect_luthier.flows.execution.options import Options
from prefect_luthier.settings import Settings

# How long a run waits for a database that is away: a restart, not an outage.
PATIENCE_S = 120.0
_LOST = (OperationalError, InterfaceError)

Operation = Callable[[Session], Any]


@dataclass(frozen=True)
class StoredRun:
    """What is known of a run when it starts or continues."""

    started_at: datetime
    results: dict[str, StepResult]


@dataclass(frozen=True)
class _Request:
    """Something to do in a transaction: a result to record, or any other operation."""

    work: Operation | StepResult
    reply: asyncio.Future[Any]


class RunStore:
    """Reads and writes one run.

    Args:
        settings: Where the database is.
        run_id: The run.
    """

    def __init__(self, settings: Settings, run_id: UUID) -> None:
        self._settings = settings
        self._run_id = run_id
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._engine: Engine | None = None
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._serve, name="luthier-run-store", daemon=True)
        self._thread.start()

    async def open(self, plan: Plan, actor: str, options: Options) -> StoredRun:
        """Store the plan of the run, or take up the stored run.

        Raises:
            LuthierError: It runs already, or was started with another plan.
            ServiceUnreachable: The database does not answer.
        """

        def operation(session: Session) -> StoredRun:
            if options.fresh:
                forget_run(session, self._run_id)
            record = start_run(session, self._run_id, plan, actor, options.parent)
            source = earlier_try(session, record)
            if source and not options.fresh:
                adopt_steps(session, source, self._run_id)
            return StoredRun(record.created_at, step_results(session, self._run_id))

        stored: StoredRun = await self._ask(operation)
        return stored

    async def record(self, result: StepResult) -> None:
        """Store how a step ended; on return it is durable."""
        await self._ask(result)

    async def finish(
        self, state: str, message: str, artifacts: Sequence[dict[str, Any]] = ()
    ) -> None:
        """Store how the run ended."""
        await self._ask(
            lambda session: finish_run(session, self._run_id, state, message, artifacts)
        )

    async def fail_if_running(self, message: str) -> None:
        """Store that the run failed before its first step, unless it belongs to another process."""
        if self._connection is not None:
            await self.finish("failed", message)

    async def close(self) -> None:
        """Write what is left and give the lock back."""
        self._requests.put(None)
        await asyncio.to_thread(self._thread.join)

    async def _ask(self, work: Operation | StepResult) -> Any:
        reply: asyncio.Future[Any] = self._loop.create_future()
        self._requests.put(_Request(work, reply))
        # A caller that is cancelled must not leave a result unwritten.
        return await asyncio.shield(reply)

    def _serve(self) -> None:
        closing = False
        while not closing:
            batch = [self._requests.get()]
            while True:
                try:
                    batch.append(self._requests.get_nowait())
                except queue.Empty:
                    break
            closing = None in batch
            requests = [request for request in batch if request is not None]
            if requests:
                self._answer(requests)
        self._disconnect()

    def _answer(self, requests: list[_Request]) -> None:
        try:
            answers = self._persist([request.work for request in requests])
        except (LuthierError, DBAPIError) as error:
            if len(requests) > 1:  # one of them is at fault: find out which
                for request in requests:
                    self._answer([request])
                return
            self._reply([(requests[0].reply, None, _explained(error))])
            return
        replies = zip(requests, answers, strict=True)
        self._reply([(request.reply, answer, None) for request, answer in replies])

    def _reply(self, replies: list[tuple[asyncio.Future[Any], Any, Exception | None]]) -> None:
        def deliver() -> None:
            for future, answer, error in replies:
                if future.done():
                    continue
                if error is None:
                    future.set_result(answer)
                else:
                    future.set_exception(error)

        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(deliver)

    def _persist(self, works: list[Operation | StepResult]) -> list[Any]:
        """Do everything in one transaction, waiting for a database that is away."""
        results = [work for work in works if isinstance(work, StepResult)]
        deadline = time.monotonic() + PATIENCE_S
        pause_s = 0.1
        while True:
            try:
                with Session(self._connected(), autoflush=False) as session:
                    if results:
                        record_steps(session, self._run_id, results)
                    answers = [
                        None if isinstance(work, StepResult) else work(session) for work in works
                    ]
                    session.commit()
                    return answers
            except (*_LOST, ServiceUnreachable):
                self._disconnect()
                if time.monotonic() > deadline:
                    raise
                time.sleep(pause_s)
                pause_s = min(2 * pause_s, 2.0)

    def _connected(self) -> Connection:
        if self._connection is None:
            if self._engine is None:
                self._engine = open_store(self._settings)
            elif not self._settings.database_url:
                database_url(self._settings)  # the private database may have to be started again
            connection = self._engine.connect()
            try:
                self._lock(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _lock(self, connection: Connection) -> None:
        with Session(connection) as session:
            held = lock_run(session, self._run_id)
            session.commit()
        if not held:
            raise LuthierError(
                "run-active",
                f"run {self._run_id} is being executed by another process.",
                "Wait for it to end, or cancel it first.",
            )

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with contextlib.suppress(SQLAlchemyError):
            connection.detach()  # back in the pool it would keep the lock
        with contextlib.suppress(SQLAlchemyError):
            connection.close()


def _explained(error: Exception) -> Exception:
    if isinstance(error, DBAPIError):
        reason = str(error.orig).strip().splitlines()[0]
        if isinstance(error, _LOST):
            return ServiceUnreachable("database-unreachable", f"the database is away: {reason}.")
        return LuthierError("not-stored", f"the database refused a result: {reason}.")
    return error
