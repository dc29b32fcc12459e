"""Jobs: actions that were accepted, from their acceptance to their outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from prefect_luthier.blocks.identifiers import find_by_prefix
from prefect_luthier.canonical import jsonable
from prefect_luthier.deployments.store.orchestrator_tables import ActionJobRow
from prefect_luthier.errors import UsageError

ACTIVE = ("pending", "running")


def find_job(session: Session, job_id: str, tenant: str | None = None) -> ActionJobRow:
    """Return the job with this id, this client_request_id, or an id that starts so.

    Args:
        session: An open session.
        job_id: What it is called.
        tenant: Whose jobs to look at; default: everybody's.

    Raises:
        UsageError: None fits (``unknown-job``), or more than one does (``ambiguous-id``).
    """
    whose = [] if tenant is None else [col(ActionJobRow.tenant) == tenant]
    query = select(ActionJobRow).where(*whose).order_by(col(ActionJobRow.created_at).desc())
    by_key = session.exec(query.where(ActionJobRow.client_request_id == job_id.strip())).first()
    return by_key or find_by_prefix(
        session,
        ActionJobRow,
        job_id,
        thing="job",
        advice="`luthier ai jobs` lists them.",
        where=whose,
    )


def list_jobs(
    session: Session,
    *,
    statuses: Sequence[str] = (),
    action: str | None = None,
    actor: str | None = None,
    plan_id: UUID | None = None,
    tenant: str | None = None,
    limit: int | None = 50,
) -> list[ActionJobRow]:
    """Return the newest jobs that fit, newest first."""
    query = select(ActionJobRow)
    if statuses:
        query = query.where(col(ActionJobRow.status).in_(statuses))
    for column, value in (
        (ActionJobRow.action, action),
        (ActionJobRow.actor, actor),
        (ActionJobRow.plan_id, plan_id),
        (ActionJobRow.tenant, tenant),
    ):
        if value is not None:
            query = query.where(column == value)
    return list(session.exec(query.order_by(col(ActionJobRow.created_at).desc()).limit(limit)))


def body_under(session: Session, tenant: str, client_request_id: str) -> str | None:
    """Return the digest of what an earlier job did under this key, None where there is none."""
    query = select(ActionJobRow.body_hash).where(
        ActionJobRow.tenant == tenant, ActionJobRow.client_request_id == client_request_id
    )
    return session.exec(query.limit(1)).first()


def jobs_under(session: Session, tenant: str, client_request_id: str) -> list[ActionJobRow]:
    """Return every job under a key."""
    query = select(ActionJobRow).where(
        ActionJobRow.tenant == tenant, ActionJobRow.client_request_id == client_request_id
    )
    return list(session.exec(query))


def link_run(session: Session, job_id: UUID, flow_run_id: UUID) -> None:
    """Note which Prefect run does a job."""
    row = _locked(session, job_id)
    if row.status in ACTIVE:
        row.flow_run_id = flow_run_id
        session.add(row)


def start_job(
    session: Session, job_id: UUID, flow_run_id: UUID, at: datetime
) -> ActionJobRow | None:
    """Begin an attempt; return the job, None when it has ended already."""
    row = _locked(session, job_id)
    if row.status not in ACTIVE:
        return None
    row.status, row.flow_run_id = "running", flow_run_id
    row.started_at = row.started_at or at
    row.attempts += 1
    session.add(row)
    return row


def end_job(
    session: Session,
    job_id: UUID,
    status: str,
    at: datetime,
    *,
    result: Mapping[str, Any] | None = None,
    error: Mapping[str, Any] | None = None,
) -> None:
    """Write down how a job ended; a job that has ended keeps its end."""
    row = _locked(session, job_id)
    if row.status not in ACTIVE:
        return
    row.status, row.ended_at = status, at
    row.result = jsonable(dict(result)) if result is not None else None
    row.error = jsonable(dict(error)) if error is not None else None
    session.add(row)


def amend_job(
    session: Session,
    job_id: UUID,
    status: str,
    *,
    result: Mapping[str, Any] | None,
    error: Mapping[str, Any] | None,
) -> None:
    """Replace the end of a job by what a person found out."""
    row = _locked(session, job_id)
    row.status = status
    row.result = jsonable(dict(result)) if result is not None else None
    row.error = jsonable(dict(error)) if error is not None else None
    session.add(row)


def _locked(session: Session, job_id: UUID) -> ActionJobRow:
    query = select(ActionJobRow).where(ActionJobRow.id == job_id).with_for_update()
    row = session.exec(query.execution_options(populate_existing=True)).first()
    if row is None:
        raise UsageError("unknown-job", f"there is no job {job_id}.")
    return row


def job_document(job: ActionJobRow, ui_url: str = "") -> dict[str, Any]:
    """Return a job as ``luthier ai job --json`` prints it.

    Args:
        job: The job.
        ui_url: Address of Prefect's pages, for the link to the run.
    """
    end = job.ended_at
    duration_ms = (
        round((end - job.started_at).total_seconds() * 1000) if end and job.started_at else None
    )
    run = str(job.flow_run_id) if job.flow_run_id else None
    return {
        "job_id": str(job.id),
        "status": job.status,
        "result": job.result,
        "error": job.error,
        "duration_ms": duration_ms,
        "attempts": job.attempts,
        "provider": job.provider,
        "action": job.action,
        "params": job.params,
        "client_request_id": job.client_request_id,
        "tenant": job.tenant,
        "workspace": job.workspace,
        "actor": job.actor,
        "plan_id": str(job.plan_id) if job.plan_id else None,
        "correlation_id": str(job.correlation_id),
        "flow_run_id": run,
        "flow_run_url": f"{ui_url}/runs/flow-run/{run}" if ui_url and run else None,
        "created_at": job.created_at.isoformat(),
        "started_at": job.started_at.isoformat() if job.started_at else None,
        "ended_at": end.isoformat() if end else None,
    }
