"""Storing a search while it runs: what it started from, every attempt, how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Engine
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlmodel import Session

from prefect_luthier.deployments.store.audit import acting_user
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.errors import ServiceUnreachable
from prefect_luthier.rmos.feasibility.engine import ENGINE_VERSION
from prefect_luthier.rmos.search.attempts import Attempt, violation_json
from prefect_luthier.rmos.search.request import Prepared
from prefect_luthier.rmos.search.result import SearchResult
from prefect_luthier.rmos.search.search import Search
from prefect_luthier.rmos.store.searches import (
    AttemptRecord,
    SearchEnd,
    SearchStart,
    finish_search,
    record_attempts,
    start_search,
)
from prefect_luthier.settings import Settings


@dataclass(frozen=True)
class SearchRecord:
    """A search's rows in the store; every call is one transaction."""

    engine: Engine
    id: UUID

    @classmethod
    async def start(
        cls,
        settings: Settings,
        prepared: Prepared,
        *,
        flow_run_id: UUID | None = None,
        correlation_id: UUID | None = None,
    ) -> SearchRecord:
        """Store what a search starts from.

        Args:
            settings: Where the store is.
            prepared: The search.
            flow_run_id: The flow run whose only search this is.
            correlation_id: What it belongs to.

        Raises:
            ServiceUnreachable: The store does not answer.
        """
        engine = await asyncio.to_thread(open_store, settings)
        problem = prepared.problem
        start = SearchStart(
            context=problem.context.model_dump(mode="json"),
            context_digest=problem.context.digest,
            generator=prepared.generator.name,
            seed=problem.seed,
            budget=prepared.budget.to_json(),
            engine=ENGINE_VERSION,
            actor=acting_user(settings),
            flow_run_id=flow_run_id,
            correlation_id=correlation_id or flow_run_id or uuid4(),
        )
        return cls(engine, await asyncio.to_thread(_stored, engine, start))

    def append(self, attempts: Sequence[Attempt]) -> None:
        """Store new attempts."""
        records = [_record(attempt) for attempt in attempts]
        try:
            with Session(self.engine) as session:
                record_attempts(session, self.id, records)
                session.commit()
        except (OperationalError, InterfaceError) as error:
            raise _away() from error

    def finish(self, result: SearchResult) -> None:
        """Store how it ended."""
        self._finish(
            SearchEnd(
                status=result.status,
                attempts_made=result.attempts_made,
                evaluations=result.evaluations,
                time_s=result.time_s,
                best_digest=result.best.digest if result.best else None,
                best_score=result.best.score if result.best else None,
                binding_constraints=[each.to_json() for each in result.binding_constraints],
            )
        )

    def interrupt(self, status: str, search: Search, elapsed_s: float) -> None:
        """Store that it was ``cancelled``, or ``failed``, with what there was by then."""
        best = search.best if search.best and search.best.allowed else None
        self._finish(
            SearchEnd(
                status=status,
                attempts_made=search.attempts_made,
                evaluations=search.evaluations,
                time_s=elapsed_s,
                best_digest=best.digest if best else None,
                best_score=best.score if best else None,
            )
        )

    def _finish(self, end: SearchEnd) -> None:
        try:
            with Session(self.engine) as session:
                finish_search(session, self.id, end)
                session.commit()
        except (OperationalError, InterfaceError) as error:
            raise _away() from error


def _stored(engine: Engine, start: SearchStart) -> UUID:
    try:
        with Session(engine) as session:
            search_id = start_search(session, start)
            session.commit()
            return search_id
    except (OperationalError, InterfaceError) as error:
        raise _away() from error


def _record(attempt: Attempt) -> AttemptRecord:
    spec: dict[str, Any] = attempt.spec.model_dump(mode="json") if attempt.spec else {}
    return AttemptRecord(
        number=attempt.number,
        spec=spec,
        spec_digest=attempt.digest,
        score=attempt.score,
        risk=attempt.risk,
        violations=[violation_json(each) for each in attempt.violations],
        generator=attempt.generator,
        time_s=attempt.time_s,
    )


def _away() -> ServiceUnreachable:
    return ServiceUnreachable(
        "database-unreachable",
        "the search could not be recorded: the database went away.",
        "See `luthier status`, and search again.",
    )
