"""The flow that does one job: its action as a one-step workflow, on the one way to run those."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any, cast
from uuid import UUID

import httpx
from prefect import flow
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, State
from prefect.context import FlowRunContext
from prefect.events import emit_event
from prefect.exceptions import PrefectException
from prefect.states import Cancelled, Completed, Crashed, Failed
from sqlmodel import Session

from prefect_luthier.ai_builder.action_planning.compile import compile_plan
from prefect_luthier.ai_builder.action_planning.plan import KEY_INPUT, PlannedAction
from prefect_luthier.ai_builder.action_planning.recipients import (
    recipients_of,
    without_addresses,
)
from prefect_luthier.blocks.columns import now
from prefect_luthier.deployments.definition.plan import Plan, make_plan
from prefect_luthier.deployments.definition.source import Source
from prefect_luthier.deployments.jobs.outcomes import JobEnd, end_by_effect
from prefect_luthier.deployments.store.decisions import Question, decide, decisions_of
from prefect_luthier.deployments.store.effects import effect_or_none
from prefect_luthier.deployments.store.jobs import end_job, start_job
from prefect_luthier.deployments.store.orchestrator_tables import (
    ActionJobRow,
    PolicyDecisionRow,
)
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.actions.installed import installed_catalog
from prefect_luthier.flows.decision_events import discreet
from prefect_luthier.flows.effects.effect_store import EffectStore
from prefect_luthier.flows.effects.principal import Principal, principal
from prefect_luthier.flows.effects.request import ActionDenied
from prefect_luthier.flows.execution.execute import Finished, execute
from prefect_luthier.flows.execution.load import checked_definition
from prefect_luthier.flows.run_workflow import call_workflow
from prefect_luthier.policy import PolicyRequest
from prefect_luthier.policy_rules import load_policy
from prefect_luthier.settings import Settings, load_settings

EVENT = "luthier.job"


@flow(name="run-action-job", persist_result=False, log_prints=False)
async def run_action_job(job_id: UUID) -> Any:
    """Do a job that was accepted; doing it again does not repeat its effect.

    Args:
        job_id: The job.
    """
    context = FlowRunContext.get()
    assert context is not None
    assert context.flow_run is not None
    run = context.flow_run
    settings = load_settings()
    store = EffectStore(settings)
    at = now()
    job = await store.do(lambda session: start_job(session, job_id, run.id, at))
    if job is None:
        return Completed(message="The job had ended already.")
    end = await _do(job, run, settings, store, cast(PrefectClient, context.client))
    if end is None:
        return Crashed(message="The process was asked to end; the stack does the job again.")
    at = now()
    await asyncio.shield(
        store.do(
            lambda session: end_job(
                session, job.id, end.status, at, result=end.result, error=end.error
            )
        )
    )
    _tell(job, end)
    return _state_of(end)


async def _do(
    job: ActionJobRow, run: FlowRun, settings: Settings, store: EffectStore, client: PrefectClient
) -> JobEnd | None:
    """Run the job's action and return how the job ends; the record of its effect has the say.

    None is no end: the process was asked to end, as when the stack is stopped, and nobody
    cancelled the job. It stays open, and the stack hands it over again.
    """
    token = principal.set(Principal(job.tenant, job.workspace, job.actor, job.correlation_id))
    try:
        plan = await asyncio.to_thread(_plan_of, job, settings)
        await _permit_other(job, settings, store)
        finished = await execute(plan, run.id, settings, client, call_workflow)
    except LuthierError as error:
        return JobEnd("error", None, error.to_json())
    finally:
        principal.reset(token)
    end = await store.do(lambda session: _end_of(session, job, finished))
    if finished.state == "cancelled" and end.status != "completed":
        return end if await _was_cancelled(run, client) else None
    return end


async def _was_cancelled(run: FlowRun, client: PrefectClient) -> bool:
    """Tell whether a person cancelled a run: a signal alone does not say so.

    The run of a command is its person's own, who ended it.
    """
    if run.deployment_id is None:
        return True
    with suppress(PrefectException, httpx.HTTPError):
        state = (await client.read_flow_run(run.id)).state
        return state is not None and (state.is_cancelling() or state.is_cancelled())
    return False  # the server is being stopped as well; the sweep sees what the run's state is


def _end_of(session: Session, job: ActionJobRow, finished: Finished) -> JobEnd:
    """Return how a job ends whose run has ended; the record of its effect knows best."""
    step = finished.document["steps"][0] if finished.document["steps"] else {}
    if finished.state == "completed":
        return JobEnd("completed", step.get("outputs") or {})
    reason = str(step.get("reason") or finished.message)
    by_effect = end_by_effect(effect_or_none(session, job.tenant, job.client_request_id))
    error = (by_effect.error if by_effect else None) or {}
    if finished.state == "cancelled":
        if by_effect is not None and (
            by_effect.status == "completed" or error.get("code") == "outcome-unknown"
        ):
            return by_effect  # it was cancelled too late
        return JobEnd("cancelled", None, _error("cancelled", reason))
    if (
        without_addresses(str(error.get("message", "\0"))) in reason
        or error.get("code") == "outcome-unknown"
    ):
        return JobEnd("error", None, error)
    denied = [each for each in decisions_of(session, job.correlation_id) if _denies(each, job)]
    return JobEnd("error", None, _error("action-denied" if denied else "action-failed", reason))


def _denies(decision: PolicyDecisionRow, job: ActionJobRow) -> bool:
    about_it = decision.client_request_id == job.client_request_id
    return about_it and decision.stage == "effect" and not decision.allowed


def _error(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message, "advice": ""}


def _plan_of(job: ActionJobRow, settings: Settings) -> Plan:
    action = PlannedAction(
        provider=job.provider,
        action=job.action,
        params=job.params,
        client_request_id=job.client_request_id,
    )
    text = compile_plan([action], installed_catalog(), workflow_id=f"job-{job.id}")
    definition, catalog = checked_definition(Source.from_text(text, name="the job"), settings)
    return make_plan(definition, {}, catalog)


async def _permit_other(job: ActionJobRow, settings: Settings, store: EffectStore) -> None:
    """Ask the gate for an action that does not ask itself, as those with a key do.

    Raises:
        ActionDenied: It says no.
    """
    entry = installed_catalog().find(job.action)
    if entry is not None and KEY_INPUT in (entry.input_schema or {}).get("properties", {}):
        return
    request = PolicyRequest(
        job.action, job.actor, job.workspace, job.tenant, recipients_of(job.params)
    )
    question = Question(request, "effect", job.correlation_id, job.client_request_id)
    policy = load_policy(settings)
    decision = await store.do(lambda session: decide(session, policy, question))
    if not decision.allowed:
        raise ActionDenied(decision)


def _tell(job: ActionJobRow, end: JobEnd) -> None:
    emit_event(
        event=f"{EVENT}.{end.status}",
        resource={"prefect.resource.id": f"luthier.job.{job.id}", "luthier.action": job.action},
        payload={
            "actor": job.actor,
            "workspace": job.workspace,
            "client_request_id": job.client_request_id,
            "error": discreet(dict(end.error)) if end.error else None,
        },
    )


def _state_of(end: JobEnd) -> State[Any] | dict[str, Any]:
    if end.status == "completed":
        return dict(end.result or {})
    error = end.error or {}
    message = without_addresses(f"{error.get('message', '')} {error.get('advice', '')}".strip())
    if end.status == "cancelled":
        return Cancelled(message=message)
    return Failed(message=message, data=LuthierError(str(error.get("code")), message))
