"""Handing jobs to Prefect: one deployment, and a run for each attempt of a job."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import httpx

from prefect_luthier.deployments.jobs.rates import ensure_rates
from prefect_luthier.deployments.stack.prefect_api import open_api
from prefect_luthier.deployments.store.orchestrator_tables import ActionJobRow
from prefect_luthier.errors import ServiceUnreachable
from prefect_luthier.settings import Settings

FLOW = "run-action-job"
DEPLOYMENT = "luthier"
QUEUE = "luthier-jobs"
"""Work queue of the jobs: each is a process, and a plan may have a hundred of them."""

ENTRYPOINT = "prefect_luthier.flows.run_action_job.run_action_job"


async def prepare_prefect(api: httpx.AsyncClient, settings: Settings) -> str:
    """Create the queue, the deployment and the rate limits of jobs; return the deployment's id."""
    await ensure_rates(api, settings.sends_per_minute)
    await _ensure_queue(api, settings)
    found = await api.get(f"/deployments/name/{FLOW}/{DEPLOYMENT}")
    if found.is_success:
        return str(found.json()["id"])
    flow = await api.post("/flows/", json={"name": FLOW})
    flow.raise_for_status()
    answer = await api.post("/deployments/", json=_deployment(flow.json()["id"], settings))
    answer.raise_for_status()
    return str(answer.json()["id"])


async def _ensure_queue(api: httpx.AsyncClient, settings: Settings) -> None:
    """Create the work queue with its limit; one that exists keeps what people set."""
    queues = f"/work_pools/{settings.work_pool}/queues"
    if (await api.get(f"{queues}/{QUEUE}")).is_success:
        return
    queue = {
        "name": QUEUE,
        "description": "Actions that `luthier ai execute` accepted, so many at once.",
        "concurrency_limit": settings.jobs_at_once,
    }
    answer = await api.post(queues, json=queue)
    if answer.status_code != httpx.codes.CONFLICT:  # another process was faster
        answer.raise_for_status()


def _deployment(flow_id: str, settings: Settings) -> dict[str, Any]:
    return {
        "name": DEPLOYMENT,
        "flow_id": flow_id,
        "entrypoint": ENTRYPOINT,
        "work_pool_name": settings.work_pool,
        "work_queue_name": QUEUE,
        "description": "Does one action that `luthier ai execute` accepted, once.",
        "tags": ["luthier-jobs"],
        "parameter_openapi_schema": {
            "title": "Parameters",
            "type": "object",
            "properties": {
                "job_id": {"title": "Job", "type": "string", "format": "uuid", "position": 0}
            },
            "required": ["job_id"],
        },
        "enforce_parameter_schema": True,
    }


async def submit(api: httpx.AsyncClient, deployment_id: str, job: ActionJobRow) -> UUID:
    """Create the Prefect run of a job's next attempt, or find it; return its id."""
    body = {
        "name": f"{job.action} {str(job.id)[:8]}",
        "parameters": {"job_id": str(job.id)},
        "idempotency_key": f"luthier-job-{job.id}-after-{job.flow_run_id}",
        "tags": ["luthier-job", f"luthier-action-{job.action}"],
    }
    answer = await api.post(f"/deployments/{deployment_id}/create_flow_run", json=body)
    answer.raise_for_status()
    return UUID(answer.json()["id"])


async def submit_all(url: str, settings: Settings, jobs: list[ActionJobRow]) -> dict[UUID, UUID]:
    """Hand jobs to the Prefect server at ``url``; return each job's run.

    Raises:
        ServiceUnreachable: The server does not take them; the stack hands them over later.
    """
    try:
        async with open_api(url) as api:
            deployment_id = await prepare_prefect(api, settings)
            return {job.id: await submit(api, deployment_id, job) for job in jobs}
    except httpx.HTTPError as error:
        raise ServiceUnreachable(
            "prefect-unreachable",
            f"the Prefect server at {url} did not take the jobs ({type(error).__name__}).",
            "They are stored; the stack hands them over when the server answers.",
        ) from error
