"""The record of what planners answered. Append-only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from prefect_luthier.blocks.columns import DEFAULT_TENANT
from prefect_luthier.canonical import digest, jsonable, storable_text
from prefect_luthier.deployments.store.audit import acting_user
from prefect_luthier.deployments.store.orchestrator_tables import ActionPlanRow
from prefect_luthier.settings import Settings


@dataclass(frozen=True)
class Asker:
    """Who asks, where and for whom.

    Args:
        actor: The person or program.
        workspace: The workspace whose rules hold.
        tenant: On whose account.
    """

    actor: str
    workspace: str = "default"
    tenant: str = DEFAULT_TENANT


def asker_of(settings: Settings, actor: str | None = None, workspace: str | None = None) -> Asker:
    """Return who asks: what the settings say, but for what is given."""
    return Asker(actor or acting_user(settings), workspace or settings.workspace, settings.tenant)


def record_plan(
    session: Session,
    asker: Asker,
    prompt: str,
    document: Mapping[str, Any],
    correlation_id: UUID,
) -> UUID:
    """Store what a planner answered, as ``luthier ai plan --json`` prints it; return its id.

    The caller commits.
    """
    row = ActionPlanRow(
        tenant=storable_text(asker.tenant),
        workspace=storable_text(asker.workspace),
        actor=storable_text(asker.actor),
        correlation_id=correlation_id,
        prompt_digest=digest(storable_text(prompt)),
        prompt=storable_text(prompt),
        outcome=document["outcome"],
        document=jsonable({key: value for key, value in document.items() if key != "meta"}),
        meta=jsonable(document["meta"]),
    )
    session.add(row)
    session.flush()
    return row.id


def recent_plans(session: Session, limit: int = 50) -> list[ActionPlanRow]:
    """Return the newest plans, newest first."""
    query = select(ActionPlanRow).order_by(col(ActionPlanRow.created_at).desc()).limit(limit)
    return list(session.exec(query))
