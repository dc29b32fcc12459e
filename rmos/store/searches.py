"""Storing searches and their attempts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from prefect_luthier.blocks.columns import now
from prefect_luthier.blocks.identifiers import find_by_prefix
from prefect_luthier.canonical import jsonable, storable_text
from prefect_luthier.errors import LuthierError, UsageError
from prefect_luthier.rmos.store.tables import AttemptRow, SearchRow

_ROWS_A_STATEMENT = 500
_WHERE_IDS_ARE = "A search's id is its `run_id`, and that of its run in Prefect."


@dataclass(frozen=True)
class SearchStart:
    """Everything that a search starts from."""

    context: Mapping[str, Any]
    context_digest: str
    generator: str
    seed: int
    budget: Mapping[str, Any]
    engine: str
    actor: str
    flow_run_id: UUID | None = None
    correlation_id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class AttemptRecord:
    """One proposed design and its verdict; numbers count from 1 within the search."""

    number: int
    spec: Mapping[str, Any]
    spec_digest: str
    score: float
    risk: str
    violations: Sequence[Any]
    generator: str
    time_s: float


@dataclass(frozen=True)
class SearchEnd:
    """How a search ended; ``status`` is one of `tables.SEARCH_STATUSES`."""

    status: str
    attempts_made: int
    evaluations: int
    time_s: float
    best_digest: str | None = None
    best_score: float | None = None
    binding_constraints: Sequence[Any] = ()


def start_search(session: Session, start: SearchStart) -> UUID:
    """Store what a search starts from; return its id. The caller commits.

    A flow run has one search: when Prefect runs the flow again, its search is found again.
    """
    if start.flow_run_id is not None:
        # Two executions of one run must not both find nothing.
        session.connection().execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"),
            {"key": str(start.flow_run_id)},
        )
        query = select(SearchRow).where(SearchRow.flow_run_id == start.flow_run_id)
        existing = session.exec(query).first()
        if existing is not None:
            return existing.id
    row = SearchRow(
        actor=start.actor,
        correlation_id=start.correlation_id,
        flow_run_id=start.flow_run_id,
        context=jsonable(dict(start.context)),
        context_digest=start.context_digest,
        generator=start.generator,
        seed=start.seed,
        budget=jsonable(dict(start.budget)),
        engine=start.engine,
        binding_constraints=[],
    )
    session.add(row)
    session.flush()
    return row.id


def record_attempts(session: Session, search_id: UUID, attempts: Iterable[AttemptRecord]) -> None:
    """Append attempts; one that is stored already, from before a retry, stays. Caller commits."""
    rows = [_attempt_values(search_id, attempt) for attempt in attempts]
    for first in range(0, len(rows), _ROWS_A_STATEMENT):
        chunk = rows[first : first + _ROWS_A_STATEMENT]
        session.connection().execute(insert(AttemptRow).on_conflict_do_nothing(), chunk)


def _attempt_values(search_id: UUID, attempt: AttemptRecord) -> dict[str, Any]:
    return {
        "search_id": search_id,
        "number": attempt.number,
        "spec": jsonable(dict(attempt.spec)),
        "spec_digest": attempt.spec_digest,
        "score": attempt.score,
        "risk": attempt.risk,
        "violations": jsonable(list(attempt.violations)),
        "generator": storable_text(attempt.generator),
        "time_s": attempt.time_s,
        "created_at": now(),
    }


def finish_search(session: Session, search_id: UUID, end: SearchEnd) -> None:
    """Store how a search ended, once: an end that is stored stays. The caller commits.

    Raises:
        LuthierError: There is no such search (``unknown-search``).
    """
    row = session.get(SearchRow, search_id, with_for_update=True)
    if row is None:
        raise LuthierError("unknown-search", f"there is no search {search_id}.")
    if row.ended_at is not None:
        return
    row.status = end.status
    row.best_digest = end.best_digest
    row.best_score = end.best_score
    row.attempts_made = end.attempts_made
    row.evaluations = end.evaluations
    row.time_s = end.time_s
    row.binding_constraints = jsonable(list(end.binding_constraints))
    row.ended_at = now()
    session.add(row)


def find_search(session: Session, wanted: str | UUID) -> SearchRow:
    """Return a search by its id or its flow run's id, or the start of either.

    Raises:
        UsageError: There is none (``unknown-search``) or several (``ambiguous-id``).
    """
    try:
        return find_by_prefix(
            session, SearchRow, str(wanted), thing="search", advice=_WHERE_IDS_ARE
        )
    except UsageError as error:
        if error.code != "unknown-search":
            raise
    return find_by_prefix(
        session, SearchRow, str(wanted), thing="search", advice=_WHERE_IDS_ARE, column="flow_run_id"
    )


def attempts_of(session: Session, search_id: UUID) -> list[AttemptRow]:
    """Return the attempts of a search, in order."""
    query = select(AttemptRow).where(AttemptRow.search_id == search_id)
    return list(session.exec(query.order_by(col(AttemptRow.number))))


def recent_searches(session: Session, limit: int = 20) -> list[SearchRow]:
    """Return the newest searches, newest first."""
    query = select(SearchRow).order_by(col(SearchRow.created_at).desc())
    return list(session.exec(query.limit(limit)))
