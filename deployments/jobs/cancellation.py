"""Cancelling a job: one that nobody has begun ends at once, another by way of its Prefect run."""

from __future__ import annotations

from uuid import UUID

from sqlmodel import Session

from prefect_luthier.blocks.columns import now
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.jobs import end_job, find_job
from prefect_luthier.settings import Settings


def cancel_pending(settings: Settings, job_id: str) -> UUID | None:
    """End a job that has not begun; return its Prefect run, which is to be cancelled as well.

    Raises:
        UsageError: There is no such job.
    """
    with Session(open_store(settings)) as session:
        job = find_job(session, job_id, settings.tenant)
        run_id = job.flow_run_id
        if job.status == "pending":
            error = {"code": "cancelled", "message": "it was cancelled.", "advice": ""}
            end_job(session, job.id, "cancelled", now(), error=error)
            session.commit()
        return run_id
