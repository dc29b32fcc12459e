"""The installation's gate: the tokens of each call must fit into the ledger's minute."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import cache
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError

from prefect_luthier.ai_builder.gate import Gate, Reservation
from prefect_luthier.ai_builder.tokens import Tokens
from prefect_luthier.blocks.columns import DEFAULT_TENANT
from prefect_luthier.blocks.llm_provider import LLMProvider
from prefect_luthier.deployments.store import token_ledger
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.token_ledger import TokenLimits
from prefect_luthier.errors import LuthierError
from prefect_luthier.settings import Settings

_END_WAITS_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
RENEW_EVERY_S = token_ledger.LEASE.total_seconds() / 3


@dataclass(frozen=True)
class LedgerGate:
    """A gate that books every attempt in the ledger, for all processes together.

    Args:
        engine: The store with the ledger.
        limits: What may be taken in a minute.
        model: Which model is called.
        tenant: On whose account.
    """

    engine: Engine
    limits: TokenLimits
    model: str
    tenant: str = DEFAULT_TENANT

    @asynccontextmanager
    async def __call__(self, estimate: int) -> AsyncIterator[Reservation]:
        """Reserve ``estimate`` tokens, and settle or release them at the end.

        Raises:
            OverBudget: They do not fit now; the error says when they will.
        """
        booked = await self._booked(estimate)
        reservation = Reservation(estimate)
        renewing = asyncio.create_task(self._keep(booked))
        try:
            yield reservation
        finally:
            renewing.cancel()
            with suppress(asyncio.CancelledError):
                await renewing
            # Also when this call is cancelled: what the server counted must be counted here.
            await asyncio.shield(self._end(booked, reservation.settled))

    async def _booked(self, estimate: int) -> UUID:
        """Reserve; a caller that is cancelled meanwhile leaves nothing reserved behind."""
        booking = asyncio.ensure_future(asyncio.to_thread(self._reserve, estimate))
        try:
            return await asyncio.shield(booking)
        except asyncio.CancelledError:
            with suppress(LuthierError):
                await self._end(await booking, None)
            raise

    def _reserve(self, estimate: int) -> UUID:
        call = token_ledger.Call(estimate, self.model, _caller(), self.tenant)
        return token_ledger.reserve(self.engine, call, self.limits)

    async def _end(self, booked: UUID, settled: Tokens | None) -> None:
        """Book what was spent, also when the database restarts meanwhile."""
        for wait_s in (*_END_WAITS_S, None):
            try:
                if settled is None:
                    await asyncio.to_thread(token_ledger.release, self.engine, booked)
                else:
                    await asyncio.to_thread(
                        token_ledger.settle, self.engine, booked, settled.input, settled.output
                    )
            except (OperationalError, InterfaceError):
                if wait_s is None:
                    raise
                await asyncio.sleep(wait_s)
            else:
                return

    async def _keep(self, booked: UUID) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY_S)
            with suppress(OperationalError, InterfaceError):  # the next one may succeed
                await asyncio.to_thread(token_ledger.renew, self.engine, booked)


def ledger_gate(settings: Settings, provider: LLMProvider) -> Gate:
    """Return the gate that the calls of a provider pass in this installation.

    Raises:
        ServiceUnreachable: The store, which holds the ledger, does not answer.
    """
    limits = TokenLimits(
        total=settings.max_tokens_per_minute,
        tenant=settings.tenant_tokens_per_minute,
        model=provider.tokens_per_minute,
    )
    return LedgerGate(open_store(settings), limits, provider.model, settings.tenant)


@cache
def _caller() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"
