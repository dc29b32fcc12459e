"""On whose behalf a run acts: set by the job that runs it, else by the settings."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass
from uuid import UUID, uuid4

from prefect_luthier.deployments.store.audit import acting_user
from prefect_luthier.settings import Settings


@dataclass(frozen=True)
class Principal:
    """Who acts, where, for whom, and what it belongs to."""

    tenant: str
    workspace: str
    actor: str
    correlation_id: UUID


# Set by the flow that runs a job; a job's actor is stored, and no step can set this.
principal: ContextVar[Principal | None] = ContextVar("luthier_principal", default=None)


def acting_principal(settings: Settings, run_id: str) -> Principal:
    """Return on whose behalf the current run acts."""
    given = principal.get()
    if given is not None:
        return given
    try:
        correlation_id = UUID(run_id)
    except ValueError:
        correlation_id = uuid4()
    return Principal(settings.tenant, settings.workspace, acting_user(settings), correlation_id)
