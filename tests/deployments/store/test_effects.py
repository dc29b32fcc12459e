"""The record of effects: who may move them, and what nobody may change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from prefect_luthier.blocks.columns import now
from prefect_luthier.deployments.store.effects import (
    EffectKey,
    EffectState,
    LostClaim,
    abandoned_effects,
    claim,
    extend,
    find_effect,
    give_up,
    history,
    move,
    take_over,
)

KEY = EffectKey("default", "key-1", "sha256:1", "gmail.send", "<1@example.com>")
LEASE = timedelta(seconds=30)


@pytest.fixture
def claimed(session: Session) -> EffectState:
    """Give an effect that `first` has claimed."""
    return claim(session, KEY, "first", now(), LEASE)


def test_only_one_claims(session: Session, claimed: EffectState) -> None:
    """A second claim shows the row of the first."""
    assert claim(session, KEY, "second", now(), LEASE) == claimed
    assert [event.event for event in history(session, claimed.id)] == ["claimed"]


def test_who_does_not_own_it_cannot_move_it(session: Session, claimed: EffectState) -> None:
    """After a take-over the first owner neither moves nor keeps it."""
    second = take_over(session, claimed, "second", now(), LEASE)
    assert (second.owner, second.attempts) == ("second", 2)
    with pytest.raises(LostClaim):
        move(session, claimed, "sending", now(), event="sending")
    with pytest.raises(LostClaim):
        extend(session, claimed, now())


def test_an_owner_that_lives_is_not_taken_over(session: Session, claimed: EffectState) -> None:
    """A sign of life between looking and taking over wins."""
    extend(session, claimed, now() + LEASE)
    with pytest.raises(LostClaim):
        take_over(session, claimed, "second", now(), LEASE)


def test_the_provider_answer_counts_whoever_owns_it(session: Session, claimed: EffectState) -> None:
    """Who heard from the provider that it was sent may say so after losing the effect."""
    take_over(session, claimed, "second", now(), LEASE)
    sent = move(
        session, claimed, "sent", now(), event="sent", outcome={"status": "sent"}, testimony=True
    )
    assert sent.state == "sent"
    later = move(session, sent, "unknown", now(), event="doubtful")
    assert later.state == "sent"


def test_a_move_that_is_repeated_is_one(session: Session, claimed: EffectState) -> None:
    """After a commit whose answer was lost, the same move changes nothing more."""
    at = now()
    for _ in range(2):
        move(session, claimed, "sending", at, event="sending")
    assert [event.event for event in history(session, claimed.id)] == ["claimed", "sending"]


@pytest.mark.parametrize(
    "change",
    [
        "body_hash = 'sha256:2'",
        "client_request_id = 'key-2'",
        "tenant = 'acme'",
        "marker = '<2@example.com>'",
    ],
)
def test_what_an_effect_is_about_never_changes(
    session: Session, claimed: EffectState, change: str
) -> None:
    """The database itself refuses to make another effect of a row."""
    assert claimed.state == "claimed"
    session.commit()
    with pytest.raises(IntegrityError, match="never changed"):
        session.execute(text(f"UPDATE effect SET {change}"))


@pytest.mark.parametrize("statement", ["UPDATE effect SET state = 'claimed'", "DELETE FROM effect"])
def test_what_was_sent_stays_sent(session: Session, claimed: EffectState, statement: str) -> None:
    """No statement takes a sent effect back or removes it."""
    move(session, claimed, "sent", now(), event="sent", outcome={"status": "sent"})
    session.commit()
    with pytest.raises(IntegrityError, match="never changed"):
        session.execute(text(statement))


@pytest.mark.parametrize(
    ("state", "after"),
    [
        pytest.param("claimed", "failed", id="not-begun-did-not-happen"),
        pytest.param("sending", "unknown", id="begun-is-for-a-person"),
    ],
)
def test_what_nobody_looks_after_is_settled(
    session: Session, claimed: EffectState, state: str, after: str
) -> None:
    """An effect whose owner is silent for too long is given up, and never in between."""
    begun: Any = claimed
    if state == "sending":
        begun = move(session, claimed, "sending", now(), event="sending")
    assert abandoned_effects(session, now()) == []
    (left,) = abandoned_effects(session, now() + 2 * LEASE)
    assert left == begun
    give_up(session, left, now())
    assert find_effect(session, "default", "key-1").state == after
