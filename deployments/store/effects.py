"""The record of effects: who owns each, how far it got, and what came of it.

An owner is one attempt of one process. Only the owner that a row names may move it on; another
may take it over when the owner is dead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from prefect_luthier.canonical import jsonable
from prefect_luthier.deployments.store.orchestrator_tables import EffectEventRow, EffectRow
from prefect_luthier.errors import LuthierError


class LostClaim(LuthierError):
    """Another process has taken the effect over."""


@dataclass(frozen=True)
class EffectKey:
    """What one effect is: the same key and body never take effect twice.

    Args:
        tenant: For whom.
        client_request_id: The client's own key.
        body_hash: Digest of what is to be done.
        action: Slug of the action.
        marker: The Message-ID that the message will carry.
    """

    tenant: str
    client_request_id: str
    body_hash: str
    action: str
    marker: str


@dataclass(frozen=True)
class EffectState:
    """A row as it was when it was read."""

    id: UUID
    key: EffectKey
    state: str
    owner: str
    lease_until: datetime
    provider_reference: Mapping[str, Any]
    outcome: Mapping[str, Any] | None
    attempts: int
    created_at: datetime
    updated_at: datetime
    settled_at: datetime | None


def claim(
    session: Session, key: EffectKey, owner: str, at: datetime, lease: timedelta
) -> EffectState:
    """Claim an effect that nobody has claimed; return its row, whoever owns it."""
    values = EffectRow(
        **vars(key),
        provider_reference={},
        claimed_by=owner,
        lease_until=at + lease,
        created_at=at,
        updated_at=at,
    ).model_dump()
    statement = (
        insert(EffectRow).values(values).on_conflict_do_nothing().returning(col(EffectRow.id))
    )
    created = session.execute(statement).scalar()
    if created is not None:
        _note(session, created, "claimed", owner, at=at, detail={})
    return find_effect(session, key.tenant, key.client_request_id)


def find_effect(session: Session, tenant: str, client_request_id: str) -> EffectState:
    """Return the row of an effect that exists."""
    query = select(EffectRow).where(
        EffectRow.tenant == tenant, EffectRow.client_request_id == client_request_id
    )
    return _seen(session.exec(query).one())


def effect_or_none(session: Session, tenant: str, client_request_id: str) -> EffectState | None:
    """Return the row of an effect, None where there is none."""
    query = select(EffectRow).where(
        EffectRow.tenant == tenant, EffectRow.client_request_id == client_request_id
    )
    row = session.exec(query).first()
    return _seen(row) if row else None


def take_over(
    session: Session, seen: EffectState, owner: str, at: datetime, lease: timedelta
) -> EffectState:
    """Become the owner of an effect, unless it has moved since it was seen.

    Raises:
        LostClaim: It has: another process was faster, or the owner lives after all.
    """
    row = _locked(session, seen.id)
    if row.claimed_by == owner:
        return _seen(row)
    if (row.claimed_by, row.lease_until, row.state) != (seen.owner, seen.lease_until, seen.state):
        raise _lost(seen.key)
    previous, row.claimed_by, row.lease_until = row.claimed_by, owner, at + lease
    row.attempts += 1
    session.add(row)
    _note(
        session,
        row.id,
        "taken-over",
        owner,
        at=at,
        detail={"from": previous, "state": row.state},
    )
    session.flush()
    return _seen(row)


def extend(session: Session, seen: EffectState, until: datetime) -> None:
    """Keep an effect; its owner shows that it lives.

    Raises:
        LostClaim: It belongs to another process now.
    """
    row = _locked(session, seen.id)
    _check_owner(row, seen)
    row.lease_until = until
    session.add(row)


def move(
    session: Session,
    seen: EffectState,
    state: str,
    at: datetime,
    *,
    event: str,
    reference: Mapping[str, Any] | None = None,
    outcome: Mapping[str, Any] | None = None,
    detail: Mapping[str, Any] | None = None,
    release: bool = False,
    testimony: bool = False,
) -> EffectState:
    """Move an effect on. Doing it twice, as after a commit whose answer was lost, is once.

    Args:
        session: An open session; the caller commits.
        seen: The row as its owner knows it.
        state: Where to.
        at: The time.
        event: What happened, for the history.
        reference: The provider's own names, from now on.
        outcome: What a duplicate is told; it settles the effect.
        detail: More for the history.
        release: Whether another process may take it over at once.
        testimony: Whether this is an answer of the provider, which counts whoever owns the row.

    Raises:
        LostClaim: It belongs to another process now.
    """
    row = _locked(session, seen.id)
    if row.state == "sent" or (row.state == state and row.updated_at == at):
        return _seen(row)
    if testimony:
        row.claimed_by = seen.owner
    _check_owner(row, seen)
    row.state, row.updated_at = state, at
    if release:
        row.lease_until = at
    if reference is not None:
        row.provider_reference = jsonable(dict(reference))
    row.outcome = jsonable(dict(outcome)) if outcome is not None else None
    row.settled_at = at if outcome is not None else None
    session.add(row)
    _note(session, row.id, event, row.claimed_by, at=at, detail=detail or {})
    session.flush()
    return _seen(row)


def settle_by_hand(
    session: Session,
    seen: EffectState,
    state: str,
    outcome: Mapping[str, Any],
    *,
    actor: str,
    note: str,
    at: datetime,
) -> EffectState:
    """Write down what a person found out about an effect of unknown outcome.

    Raises:
        LuthierError: Its outcome is not unknown (``not-unknown``).
    """
    row = _locked(session, seen.id)
    if row.state != "unknown":
        raise LuthierError(
            "not-unknown",
            f"the effect {row.client_request_id!r} is {row.state!r}: nothing is to be resolved.",
            "`luthier ai jobs --unknown` lists what waits for a person.",
        )
    row.state, row.updated_at, row.settled_at = state, at, at
    row.outcome = jsonable(dict(outcome))
    row.claimed_by = f"person:{uuid4()}"
    session.add(row)
    _note(session, row.id, "resolved", actor, at=at, detail={"state": state, "note": note})
    session.flush()
    return _seen(row)


def unknown_effects(
    session: Session, tenant: str, at: datetime, limit: int = 100
) -> list[EffectState]:
    """Return the effects whose outcome only a person can find out, oldest first.

    One whose owner is still looking at the provider is not among them.
    """
    lease = col(EffectRow.lease_until)
    query = (
        select(EffectRow)
        .where(EffectRow.tenant == tenant, EffectRow.state == "unknown")
        .where((lease <= col(EffectRow.updated_at)) | (lease < at))
        .order_by(col(EffectRow.updated_at))
        .limit(limit)
    )
    return [_seen(row) for row in session.exec(query)]


def abandoned_effects(session: Session, silent_since: datetime) -> list[EffectState]:
    """Return the effects that were begun and whose owner has been silent since then."""
    query = select(EffectRow).where(
        col(EffectRow.state).in_(("claimed", "sending")),
        col(EffectRow.lease_until) < silent_since,
    )
    return [_seen(row) for row in session.exec(query.limit(100))]


def give_up(session: Session, seen: EffectState, at: datetime) -> None:
    """Settle an effect that nobody looks after: not begun, it failed; begun, it is unknown."""
    row = _locked(session, seen.id)
    if (row.claimed_by, row.lease_until, row.state) != (seen.owner, seen.lease_until, seen.state):
        return
    row.updated_at = row.lease_until = at
    if row.state == "sending":
        row.state = "unknown"
        _note(session, row.id, "escalated", "sweeper", at=at, detail={"reason": "left alone"})
    else:
        error = {"code": "interrupted", "message": "it was interrupted.", "advice": ""}
        row.state, row.settled_at = "failed", at
        row.outcome = {"status": "failed", "error": error, "retryable": True}
        _note(session, row.id, "interrupted", "sweeper", at=at, detail={})
    session.add(row)


def history(session: Session, effect_id: UUID) -> list[EffectEventRow]:
    """Return what happened to an effect, oldest first."""
    query = select(EffectEventRow).where(EffectEventRow.effect_id == effect_id)
    return list(session.exec(query.order_by(col(EffectEventRow.id))))


def was_interrupted(session: Session, seen: EffectState) -> bool:
    """Tell whether an effect is in doubt only because its process was asked to end.

    Nobody has looked yet what came of it; who does it again looks first.
    """
    newest = select(EffectEventRow.event).where(EffectEventRow.effect_id == seen.id)
    last = session.exec(newest.order_by(col(EffectEventRow.id).desc()).limit(1)).first()
    return seen.state == "unknown" and last == "interrupted"


def _locked(session: Session, effect_id: UUID) -> EffectRow:
    query = select(EffectRow).where(EffectRow.id == effect_id).with_for_update()
    return session.exec(query.execution_options(populate_existing=True)).one()


def _check_owner(row: EffectRow, seen: EffectState) -> None:
    if row.claimed_by != seen.owner:
        raise _lost(seen.key)


def _lost(key: EffectKey) -> LostClaim:
    return LostClaim(
        "lost-claim", f"another process has taken over the effect {key.client_request_id!r}."
    )


def _note(
    session: Session,
    effect_id: UUID,
    event: str,
    actor: str,
    *,
    at: datetime,
    detail: Mapping[str, Any],
) -> None:
    session.add(
        EffectEventRow(
            effect_id=effect_id,
            event=event,
            actor=actor,
            detail=jsonable(dict(detail)),
            created_at=at,
        )
    )


def _seen(row: EffectRow) -> EffectState:
    return EffectState(
        id=row.id,
        key=EffectKey(row.tenant, row.client_request_id, row.body_hash, row.action, row.marker),
        state=row.state,
        owner=row.claimed_by,
        lease_until=row.lease_until,
        provider_reference=dict(row.provider_reference),
        outcome=dict(row.outcome) if row.outcome is not None else None,
        attempts=row.attempts,
        created_at=row.created_at,
        updated_at=row.updated_at,
        settled_at=row.settled_at,
    )
