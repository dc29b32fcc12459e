"""Figures of rosette work, and when they are worth a warning."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import Session

from prefect_luthier.rmos.store.searches import (
    SearchEnd,
    SearchStart,
    finish_search,
    start_search,
)
from prefect_luthier.rmos.store.statistics import Thresholds, figures


def search(session: Session, status: str | None, attempts: int = 10, time_s: float = 1.0) -> None:
    """Store a search that ended so; one that runs still for None."""
    start = SearchStart({}, "sha256:c", "numeric", 0, {}, "1", "me")
    search_id = start_search(session, start)
    if status:
        end = SearchEnd(status, attempts, attempts * 2, time_s)
        finish_search(session, search_id, end)
    session.commit()


def since() -> datetime:
    """Return a moment before the test."""
    return datetime.now(UTC) - timedelta(hours=1)


def test_nothing_has_no_rates(session: Session) -> None:
    """Without any work there are no rates and no warnings."""
    found = figures(session, since())
    assert (found.searches, found.judged) == (0, 0)
    assert (found.success_rate, found.blocked_rate, found.attempts_per_search) == (None,) * 3
    assert found.alerts == ()


def test_searches_are_counted_by_how_they_ended(session: Session) -> None:
    """Success counts those with a design among those that ended by themselves."""
    for status, time_s in [("success", 1.0), ("best_effort", 3.0), ("exhausted", 2.0)]:
        search(session, status, time_s=time_s)
    for status in ("failed", "cancelled", None):
        search(session, status, attempts=0)
    found = figures(session, since())
    assert found.searches == 6
    assert found.searches_by_status["running"] == 1
    assert found.success_rate == pytest.approx(2 / 3)
    assert (found.attempts, found.evaluations) == (30, 60)
    assert found.latency_s["max"] == 3.0


def test_a_bad_rate_is_worth_a_warning_from_enough_cases_on(session: Session) -> None:
    """Four searches in vain are no warning, five are; the threshold decides."""
    for _ in range(4):
        search(session, "exhausted")
    assert figures(session, since()).alerts == ()
    search(session, "exhausted")
    alert = figures(session, since()).alerts[0]
    assert (alert.figure, alert.value) == ("failure_rate", 1.0)
    assert figures(session, since(), Thresholds(failure_rate=1.0)).alerts == ()


def test_only_what_began_since_then_counts(session: Session) -> None:
    """Work from before is not in the figures."""
    search(session, "success")
    assert figures(session, datetime.now(UTC) + timedelta(hours=1)).searches == 0
