"""The flow that takes a plan's actions on: stored first, then handed to Prefect, ids at once."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from prefect import flow
from sqlmodel import Session

from prefect_luthier.ai_builder.action_planning.plan import PlannedAction
from prefect_luthier.ai_builder.action_planning.recipients import without_addresses
from prefect_luthier.deployments.jobs.submission import submit_all
from prefect_luthier.deployments.register.prefect_api import prefect_api_url
from prefect_luthier.deployments.store.action_plans import Asker, asker_of
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.jobs import link_run
from prefect_luthier.deployments.store.orchestrator_tables import ActionJobRow
from prefect_luthier.errors import LuthierError, ServiceUnreachable
from prefect_luthier.flows.acceptance import Accepted, accept
from prefect_luthier.flows.decision_events import publish
from prefect_luthier.flows.failure import failed
from prefect_luthier.settings import Settings, load_settings

EVENT = "luthier.actions"


@flow(name="execute-actions", persist_result=False)
async def execute_actions(
    actions: list[PlannedAction],
    workspace: str | None = None,
    actor: str | None = None,
    plan_id: UUID | None = None,
) -> Any:
    """Take actions on and return their job ids; each takes effect once.

    Args:
        actions: Those of a plan.
        workspace: The workspace whose rules hold; default: that of the settings.
        actor: On whose behalf; default: the acting user.
        plan_id: The plan they come from.
    """
    settings = load_settings()
    asker = asker_of(settings, actor, workspace)
    try:
        accepted = await asyncio.to_thread(accept, actions, asker, settings, plan_id)
        if not accepted.denied:
            await hand_over(list(accepted.jobs), settings)
    except LuthierError as error:
        return failed(error)
    await tell(accepted, asker, settings)
    if accepted.denied:
        told = refusal(accepted)
        return failed(LuthierError(told.code, without_addresses(told.message), told.advice))
    return accepted.to_json()


async def hand_over(jobs: list[ActionJobRow], settings: Settings) -> None:
    """Give stored jobs to Prefect; what it does not take now, the stack hands over later."""
    try:
        runs = await submit_all(prefect_api_url(settings), settings, jobs)
    except ServiceUnreachable:
        return

    def link() -> None:
        with Session(open_store(settings)) as session:
            for job_id, run_id in runs.items():
                link_run(session, job_id, run_id)
            session.commit()

    await asyncio.to_thread(link)


def refusal(accepted: Accepted) -> LuthierError:
    """Return the error that names why actions were refused."""
    denied = accepted.denied
    more = f" And {len(denied) - 1} more." if len(denied) > 1 else ""
    return LuthierError(
        "actions-denied",
        f"{denied[0]['action']} is refused by {denied[0]['rule']}: {denied[0]['reason']}{more}",
        "Nothing was done.",
    )


async def tell(accepted: Accepted, asker: Asker, settings: Settings) -> None:
    """Publish what was decided, so that automations of Prefect can react."""
    await publish(
        settings,
        f"{EVENT}.{'denied' if accepted.denied else 'accepted'}",
        {"prefect.resource.id": f"luthier.workspace.{asker.workspace}"},
        {
            "actor": asker.actor,
            "workspace": asker.workspace,
            "job_ids": [str(job.id) for job in accepted.jobs],
            "denied": accepted.denied[:20],
        },
    )
