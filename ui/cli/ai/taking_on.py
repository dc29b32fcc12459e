"""Taking actions on from the command line: by the stack's worker, or in this process."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any
from uuid import UUID

import httpx
from prefect.events.worker import EventsWorker
from prefect.flow_engine import run_flow_async
from prefect.logging.handlers import APILogHandler

from prefect_luthier.ai_builder.action_planning.plan import PlanResult
from prefect_luthier.deployments.jobs.rates import ensure_rates
from prefect_luthier.deployments.register.prefect_api import prefect_api_url
from prefect_luthier.deployments.stack.prefect_api import open_api
from prefect_luthier.deployments.store.action_plans import Asker
from prefect_luthier.deployments.store.orchestrator_tables import ActionJobRow
from prefect_luthier.errors import ServiceUnreachable
from prefect_luthier.flows.acceptance import accept
from prefect_luthier.flows.execute_actions import hand_over, tell
from prefect_luthier.flows.run_action_job import run_action_job
from prefect_luthier.settings import Settings


async def take_on(
    plan: PlanResult,
    asker: Asker,
    settings: Settings,
    plan_id: UUID | None,
    *,
    in_process: bool,
) -> dict[str, Any]:
    """Accept a plan's actions and have them done; return what ``--json`` prints.

    Args:
        plan: The plan.
        asker: On whose behalf.
        settings: Where everything is.
        plan_id: The stored plan, if it is one.
        in_process: Do them here, and return when they are done.

    Raises:
        ServiceUnreachable: They are to be done here, and the Prefect server does not answer;
            nothing was accepted.
    """
    if in_process:
        await _prepare(settings)
    accepted = await asyncio.to_thread(accept, plan.actions, asker, settings, plan_id)
    await tell(accepted, asker, settings)
    if accepted.jobs and in_process:
        await _do_here(accepted.jobs)
    elif accepted.jobs:
        await hand_over(list(accepted.jobs), settings)
    draining = EventsWorker.drain_all()
    if inspect.isawaitable(draining):
        await draining
    return accepted.to_json()


async def _prepare(settings: Settings) -> None:
    url = prefect_api_url(settings)
    try:
        async with open_api(url) as api:
            await ensure_rates(api, settings.sends_per_minute)
    except httpx.HTTPError as error:
        raise ServiceUnreachable(
            "prefect-unreachable",
            f"the Prefect server at {url} does not answer ({type(error).__name__}).",
            "Nothing was accepted. `luthier status` shows what runs.",
        ) from error


async def _do_here(jobs: tuple[ActionJobRow, ...]) -> None:
    for job in jobs:
        await run_flow_async(run_action_job, parameters={"job_id": job.id}, return_type="state")
    await APILogHandler.aflush()
