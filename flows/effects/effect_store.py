"""The store of effects for asynchronous work, waiting for a database that is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlmodel import Session

from prefect_luthier.blocks.database import database_url
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.errors import LuthierError, ServiceUnreachable
from prefect_luthier.settings import Settings

Result = TypeVar("Result")

# How long work waits for a database that is away: a restart, not an outage.
PATIENCE_S = 120.0
_LOST = (OperationalError, InterfaceError, ServiceUnreachable)


class EffectStore:
    """Does operations, each in a transaction of its own.

    Args:
        settings: Where the database is.
        patience_s: How long to wait for it when it is away.
    """

    def __init__(self, settings: Settings, patience_s: float = PATIENCE_S) -> None:
        self._settings = settings
        self._patience_s = patience_s
        self._engine: Engine | None = None

    async def do(self, operation: Callable[[Session], Result]) -> Result:
        """Do an operation and commit; when a commit's answer is lost, it is done again.

        Raises:
            ServiceUnreachable: The database stays away.
        """
        return await asyncio.to_thread(self._do, operation)

    def _do(self, operation: Callable[[Session], Result]) -> Result:
        deadline = time.monotonic() + self._patience_s
        pause_s = 0.1
        while True:
            try:
                # Finding out which database it is takes longer than most operations.
                self._engine = self._engine or open_store(self._settings)
                with Session(self._engine, expire_on_commit=False) as session:
                    result = operation(session)
                    session.commit()
                    return result
            except _LOST as error:
                if time.monotonic() > deadline:
                    raise _away(error) from error
            except DBAPIError as error:
                reason = str(error.orig).strip().splitlines()[0]
                raise LuthierError("not-stored", f"the database refused: {reason}.") from error
            self._engine = None
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, 2.0)
            self._start_private_database()

    def _start_private_database(self) -> None:
        if not self._settings.database_url:
            try:
                database_url(self._settings)
            except ServiceUnreachable:
                return  # the next try asks again


def _away(error: Exception) -> ServiceUnreachable:
    if isinstance(error, ServiceUnreachable):
        return error
    reason = str(error).strip().splitlines()[0]
    return ServiceUnreachable("database-unreachable", f"the database is away: {reason}.")
