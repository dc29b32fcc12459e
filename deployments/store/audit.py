"""The audit trail: who did what to which thing."""

from __future__ import annotations

import getpass
from typing import Any

from sqlmodel import Session, col, select

from prefect_luthier.canonical import jsonable
from prefect_luthier.deployments.store.tables import AuditRow
from prefect_luthier.settings import Settings


def acting_user(settings: Settings) -> str:
    """Return who acts: the configured actor, else the user of the operating system."""
    if settings.actor:
        return settings.actor
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"


def record_event(
    session: Session, *, actor: str, action: str, subject: str, detail: dict[str, Any]
) -> None:
    """Append one event; the caller commits it with the change that it speaks of."""
    session.add(AuditRow(actor=actor, action=action, subject=subject, detail=jsonable(detail)))


def events_of(session: Session, subject: str, limit: int = 50) -> list[AuditRow]:
    """Return the newest events of a subject, newest first."""
    query = select(AuditRow).where(AuditRow.subject == subject)
    return list(session.exec(query.order_by(col(AuditRow.created_at).desc()).limit(limit)))
