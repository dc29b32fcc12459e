"""What a person found out about an effect of unknown outcome, written down once."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from prefect_luthier.blocks.columns import now
from prefect_luthier.canonical import storable_text
from prefect_luthier.deployments.jobs.outcomes import end_by_effect
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.effects import (
    EffectState,
    effect_or_none,
    settle_by_hand,
)
from prefect_luthier.deployments.store.jobs import amend_job, find_job, jobs_under
from prefect_luthier.errors import LuthierError, UsageError
from prefect_luthier.settings import Settings


def resolve_effect(
    settings: Settings, name: str, *, sent: bool, note: str, actor: str
) -> dict[str, Any]:
    """Settle an effect by hand, and the jobs that wait for it.

    Args:
        settings: Where the store is.
        name: Id of a job, or the effect's client_request_id.
        sent: Whether it happened.
        note: How the person knows.
        actor: The person.

    Raises:
        UsageError: There is no such job or effect.
        LuthierError: Its outcome is known (``not-unknown``).
    """
    note = storable_text(note)
    with Session(open_store(settings)) as session:
        seen = _find(session, settings, name)
        at = now()
        after = settle_by_hand(
            session,
            seen,
            "sent" if sent else "failed",
            _outcome(seen, actor, sent=sent),
            actor=actor,
            note=note,
            at=at,
        )
        end = end_by_effect(after)
        assert end is not None
        for job in jobs_under(session, after.key.tenant, after.key.client_request_id):
            if (job.error or {}).get("code") == "outcome-unknown":
                # Its first end stays counted; the result says that it is a person's word.
                result = {**end.result, "resolved_by": actor} if end.result else None
                amend_job(session, job.id, end.status, result=result, error=end.error)
        session.commit()
    return {
        "client_request_id": after.key.client_request_id,
        "action": after.key.action,
        "state": after.state,
        "message_id": after.key.marker,
        "actor": actor,
        "note": note,
    }


def _find(session: Session, settings: Settings, name: str) -> EffectState:
    found = effect_or_none(session, settings.tenant, name)
    if found is None:
        job = find_job(session, name, settings.tenant)
        found = effect_or_none(session, job.tenant, job.client_request_id)
    if found is None:
        raise UsageError(
            "unknown-effect", f"the job {name!r} has no effect yet.", "There is nothing to resolve."
        )
    return found


def _outcome(seen: EffectState, actor: str, *, sent: bool) -> dict[str, Any]:
    if sent:
        return {
            "status": "sent",
            "provider": "",
            "message_id": seen.key.marker,
            "recipients": [],
            "provider_reference": {},
        }
    error = LuthierError("not-sent", f"{actor} found that it was not sent.", "Execute it again.")
    return {"status": "failed", "error": error.to_json(), "retryable": True}
