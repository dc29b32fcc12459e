"""Jobs and effects as the command line shows them."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from prefect_luthier.deployments.stack.state import running_stack
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.effects import EffectState, effect_or_none, history
from prefect_luthier.deployments.store.jobs import find_job, job_document
from prefect_luthier.settings import Settings
from prefect_luthier.ui.cli.output import style

_COLORS = {"completed": "green", "error": "red", "cancelled": "yellow", "running": "cyan"}


def prefect_ui_url(settings: Settings) -> str:
    """Return the address of Prefect's pages, empty where no server is known."""
    stack = running_stack(settings)
    url = settings.prefect_api_url or (stack.prefect_api_url if stack else "")
    return url.rstrip("/").removesuffix("/api")


def read_job(settings: Settings, job_id: str) -> dict[str, Any]:
    """Return a job's document, with the history of its effect.

    Raises:
        UsageError: There is no such job.
    """
    with Session(open_store(settings)) as session:
        job = find_job(session, job_id, settings.tenant)
        effect = effect_or_none(session, job.tenant, job.client_request_id)
        document = job_document(job, prefect_ui_url(settings))
        events = history(session, effect.id) if effect else []
        return document | {
            "effect": effect_document(effect) if effect else None,
            "history": [
                {"event": each.event, "at": each.created_at.isoformat(), **each.detail}
                for each in events
            ],
        }


def effect_document(effect: EffectState) -> dict[str, Any]:
    """Return an effect as JSON values."""
    return {
        "client_request_id": effect.key.client_request_id,
        "action": effect.key.action,
        "state": effect.state,
        "message_id": effect.key.marker,
        "attempts": effect.attempts,
        "updated_at": effect.updated_at.isoformat(),
    }


def job_line(job: dict[str, Any]) -> str:
    """Return one line about a job."""
    status = style(job["status"], _COLORS.get(job["status"], "white"))
    error = f": {job['error']['message']}" if job["error"] else ""
    return f"{job['job_id']} {status} {job['action']} {job['client_request_id']}{error}"
