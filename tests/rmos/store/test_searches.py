"""Searches and their attempts are stored once, found by id, and never changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from prefect_luthier.errors import LuthierError, UsageError
from prefect_luthier.rmos.store.searches import (
    AttemptRecord,
    SearchEnd,
    SearchStart,
    attempts_of,
    find_search,
    finish_search,
    recent_searches,
    record_attempts,
    start_search,
)


def begin(session: Session, **changes: Any) -> UUID:
    """Start a search and commit."""
    start = SearchStart(
        **{
            "context": {"material": "sitka-spruce"},
            "context_digest": "sha256:c",
            "generator": "numeric",
            "seed": 7,
            "budget": {"attempts": 5},
            "engine": "1",
            "actor": "me",
            **changes,
        }
    )
    search_id = start_search(session, start)
    session.commit()
    return search_id


def attempt(number: int, **changes: Any) -> AttemptRecord:
    """Return an attempt."""
    known: dict[str, Any] = {
        "spec": {"n": number},
        "spec_digest": f"sha256:{number}",
        "score": 50.0 + number,
        "risk": "YELLOW",
        "violations": [],
        "generator": "numeric",
        "time_s": 0.1,
    }
    return AttemptRecord(number=number, **(known | changes))


END = SearchEnd("success", 2, 40, 0.5, best_digest="sha256:2", best_score=52.0)


def test_a_search_keeps_its_attempts_in_order(session: Session) -> None:
    """Batches of attempts come back by number; the end names the best."""
    search_id = begin(session)
    record_attempts(session, search_id, [attempt(2)])
    record_attempts(session, search_id, [attempt(1, score=float("nan")), attempt(3)])
    finish_search(session, search_id, END)
    session.commit()
    assert [row.number for row in attempts_of(session, search_id)] == [1, 2, 3]
    row = find_search(session, search_id)
    assert (row.status, row.best_score, row.seed) == ("success", 52.0, 7)
    assert row.ended_at is not None


def test_a_run_that_is_executed_again_continues_its_search(session: Session) -> None:
    """One flow run has one search, and what it stored before a retry stays."""
    run = uuid4()
    first, again = begin(session, flow_run_id=run), begin(session, flow_run_id=run, seed=8)
    assert first == again
    assert find_search(session, str(run)).id == first
    assert find_search(session, str(run)[:8]).id == first
    record_attempts(session, first, [attempt(1)])
    record_attempts(session, first, [attempt(1, score=99.0), attempt(2)])
    session.commit()
    assert [row.score for row in attempts_of(session, first)] == [51.0, 52.0]


def test_an_end_is_stored_once(session: Session) -> None:
    """A second end changes nothing; an end of nothing is refused."""
    search_id = begin(session)
    finish_search(session, search_id, END)
    session.commit()
    finish_search(session, search_id, SearchEnd("failed", 0, 0, 0.0))
    session.commit()
    assert find_search(session, search_id).status == "success"
    with pytest.raises(LuthierError, match="no search"):
        finish_search(session, uuid4(), END)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rosette_search SET seed = 8",
        "UPDATE rosette_search SET context = '{}'",
        "DELETE FROM rosette_search",
        "UPDATE rosette_search SET status = 'unheard_of'",
    ],
    ids=["seed", "context", "removal", "unknown-status"],
)
def test_what_a_search_started_from_stays(session: Session, statement: str) -> None:
    """The database refuses to change the inputs of a search or to remove it."""
    begin(session)
    with pytest.raises(IntegrityError):
        session.connection().execute(text(statement))


def test_a_search_is_found_by_the_start_of_its_id(session: Session) -> None:
    """A prefix is enough when it fits one search; otherwise the message says what to do."""
    search_id = begin(session)
    assert find_search(session, str(search_id)[:8]).id == search_id
    for wanted, code in [("ffffffff", "unknown-search"), ("%", "unknown-search")]:
        with pytest.raises(UsageError) as refusal:
            find_search(session, wanted)
        assert refusal.value.code == code
    twins = [UUID(f"aaaa0000-0000-4000-8000-00000000000{n}") for n in (1, 2)]
    for twin in twins:
        session.connection().execute(
            text(
                "INSERT INTO rosette_search SELECT :id, tenant, actor, correlation_id, flow_run_id,"
                " context, context_digest, generator, seed, budget, engine, status, best_digest,"
                " best_score, attempts_made, evaluations, time_s, binding_constraints, created_at,"
                " ended_at FROM rosette_search LIMIT 1"
            ),
            {"id": twin},
        )
    with pytest.raises(UsageError, match="more than one search"):
        find_search(session, "aaaa0000")
    assert len(recent_searches(session, 2)) == 2
