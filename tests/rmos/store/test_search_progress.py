"""How a search stands while it runs, read without its designs."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from sqlmodel import Session

from prefect_luthier.rmos.store.search_progress import progress_of
from prefect_luthier.rmos.store.searches import (
    AttemptRecord,
    SearchStart,
    record_attempts,
    start_search,
)


def started(session: Session, *scored: tuple[float, str]) -> UUID:
    """Store a search with attempts of these scores and risks; return its flow run."""
    run = uuid4()
    start = SearchStart({}, "sha256:c", "numeric", 0, {"attempts": 9}, "1", "ada", flow_run_id=run)
    search = start_search(session, start)
    attempts = [
        AttemptRecord(number, {"n": number}, f"sha256:{number}", score, risk, [], "numeric", 0.1)
        for number, (score, risk) in enumerate(scored, 1)
    ]
    record_attempts(session, search, attempts)
    return run


def test_a_search_that_has_not_begun_is_nothing(session: Session) -> None:
    """Before the worker takes it up there is nothing to show."""
    assert progress_of(session, uuid4()) is None


def test_a_search_without_attempts_has_no_best(session: Session) -> None:
    """It is there, and empty."""
    found = progress_of(session, started(session))
    assert found is not None
    assert (found.row.budget, list(found.points), found.best) == ({"attempts": 9}, [], None)


@pytest.mark.parametrize(
    ("scored", "best"),
    [
        ([(60, "GREEN"), (80, "YELLOW"), (70, "GREEN")], 2),
        ([(60, "GREEN"), (99, "RED")], 1),
        ([(20, "RED"), (30, "RED")], 2),
        ([(70, "GREEN"), (70, "GREEN")], 1),
    ],
    ids=["highest", "allowed before blocked", "nearest of blocked", "earlier of equal"],
)
def test_the_best_is_the_one_to_show(
    session: Session, scored: list[tuple[float, str]], best: int
) -> None:
    """Allowed ones come first, then the score, then the earlier one; it brings its design."""
    found = progress_of(session, started(session, *scored))
    assert found is not None
    assert [point.number for point in found.points] == list(range(1, len(scored) + 1))
    assert found.best is not None
    assert (found.best.number, found.best.spec) == (best, {"n": best})


def test_another_search_is_not_mixed_in(session: Session) -> None:
    """Each run sees its own attempts."""
    started(session, (90, "GREEN"))
    found = progress_of(session, started(session, (10, "RED")))
    assert found is not None
    assert [point.score for point in found.points] == [10]
