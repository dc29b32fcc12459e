"""The flow that plans actions: from a request to a recorded plan that says what is permitted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from prefect import flow
from prefect.artifacts import acreate_markdown_artifact
from prefect.context import FlowRunContext
from prefect.states import Failed
from sqlmodel import Session

from prefect_luthier.ai_builder.action_planning.mail_request import ADDRESS
from prefect_luthier.ai_builder.action_planning.offline_planner import OfflinePlanner
from prefect_luthier.ai_builder.action_planning.planning import Planner, Planning, PlanRequest
from prefect_luthier.ai_builder.action_planning.recipients import without_addresses
from prefect_luthier.catalog import Catalog, CatalogEntry
from prefect_luthier.deployments.store.action_plans import Asker, asker_of, record_plan
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.errors import LuthierError, UsageError
from prefect_luthier.flows.acceptance import judge_in, record_verdicts
from prefect_luthier.flows.actions.installed import installed_catalog
from prefect_luthier.flows.decision_events import publish
from prefect_luthier.policy import Decision, Policy, PolicyRequest
from prefect_luthier.policy_rules import load_policy
from prefect_luthier.settings import Settings, load_settings

EVENT = "luthier.plan"
_MOST_TOLD = 20


@dataclass(frozen=True)
class RecordedPlan:
    """A planner's answer that the store has.

    Args:
        id: Its id there.
        planning: The answer.
        decisions: For each planned action, whether it may be done; asked again before it is.
    """

    id: UUID
    planning: Planning
    decisions: tuple[Decision, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the document that ``luthier ai plan --json`` prints."""
        return self.planning.to_json() | {"id": str(self.id), "decisions": _told(self)}


@flow(name="plan-actions", persist_result=False)
async def plan_actions(
    prompt: str,
    answers: list[str] | None = None,
    *,
    provider: str | None = None,
    actor: str | None = None,
    workspace: str | None = None,
) -> Any:
    """Turn a request in plain language into actions, without doing any of them.

    Args:
        prompt: What shall be done.
        answers: Answers to questions that an earlier plan of this request asked.
        provider: ``offline`` or ``openai``; default: a model, if one is configured.
        actor: On whose behalf; default: the acting user.
        workspace: The workspace whose rules hold; default: that of the settings.
    """
    settings = load_settings()
    asker = asker_of(settings, actor, workspace)
    try:
        recorded = await make_plan_of_actions(
            prompt, answers or (), asker=asker, provider=provider, settings=settings
        )
    except LuthierError as error:
        return Failed(message=str(error), data=error)
    if FlowRunContext.get() is not None:
        await acreate_markdown_artifact(key="plan", markdown=without_addresses(_markdown(recorded)))
    return recorded.to_json()


async def make_plan_of_actions(
    prompt: str,
    answers: Sequence[str] = (),
    *,
    asker: Asker,
    provider: str | None = None,
    settings: Settings | None = None,
) -> RecordedPlan:
    """Plan and record: the plain function behind the flow, for pages and programs.

    Raises:
        UsageError: There is no such planner, or the model's address cannot be one.
        ServiceUnreachable: The store does not answer.
    """
    settings = settings or load_settings()
    await asyncio.to_thread(open_store, settings)  # a model costs; there is a place for its answer
    policy = load_policy(settings)
    request = PlanRequest(prompt, (), tuple(answers))
    offered = offered_actions(installed_catalog(), policy, asker, request.words)
    request = PlanRequest(prompt, offered, tuple(answers))
    planning = await choose_planner(settings, provider).plan(request)
    recorded = await asyncio.to_thread(_record, settings, policy, asker, request, planning)
    await _tell(recorded, asker, settings)
    return recorded


def choose_planner(settings: Settings, name: str | None) -> Planner:
    """Return a planner by name: the model's if one is configured, else the offline one.

    Raises:
        UsageError: There is no such planner.
        LuthierError: A model was asked for, and none is configured.
    """
    if name not in {None, "offline", "openai"}:
        raise UsageError(
            "unknown-planner", f"there is no planner {name!r}.", "Choose offline or openai."
        )
    if name == "offline" or (name is None and not settings.model_configured):
        return OfflinePlanner()
    if not settings.model_configured:
        raise LuthierError(
            "no-model",
            "no language model is configured.",
            "Set OPENAI_API_KEY, or LUTHIER_MODEL_BASE_URL for a local server.",
        )
    from prefect_luthier.ai_builder.action_planning.model_planner import (  # noqa: PLC0415 - loads the client
        ModelPlanner,
    )
    from prefect_luthier.ai_builder.model_call import ModelCaller  # noqa: PLC0415

    return ModelPlanner(ModelCaller.of(settings), settings.model_price_in, settings.model_price_out)


def offered_actions(
    catalog: Catalog, policy: Policy, asker: Asker, words: str
) -> tuple[CatalogEntry, ...]:
    """Return the actions that may be planned: those that the actor may run.

    A rule may permit an action for some recipients only; then it is offered when the request
    names one of them. Nothing is permitted by this: the gate is asked again for each action.
    """
    named = {address.lower() for address in ADDRESS.findall(words)}
    return tuple(
        entry
        for entry in catalog
        if entry.kind == "action"
        and any(
            policy.decide(_question(entry.slug, asker, recipients)).allowed
            for recipients in ((), *((address,) for address in sorted(named)))
        )
    )


def _record(
    settings: Settings, policy: Policy, asker: Asker, request: PlanRequest, planning: Planning
) -> RecordedPlan:
    correlation_id = uuid4()
    actions = planning.plan.actions if planning.plan else ()
    with Session(open_store(settings)) as session:
        verdicts = judge_in(session, actions, asker, settings, policy)
        plan_id = record_plan(session, asker, request.words, planning.to_json(), correlation_id)
        record_verdicts(session, policy, verdicts, "plan", correlation_id)
        session.commit()
    return RecordedPlan(plan_id, planning, tuple(each.decision for each in verdicts))


def _question(action: str, asker: Asker, recipients: tuple[str, ...]) -> PolicyRequest:
    return PolicyRequest(action, asker.actor, asker.workspace, asker.tenant, recipients)


def _told(recorded: RecordedPlan) -> list[dict[str, Any]]:
    actions = recorded.planning.plan.actions if recorded.planning.plan else ()
    return [
        {"client_request_id": action.client_request_id, "action": action.action}
        | decision.to_json()
        for action, decision in zip(actions, recorded.decisions, strict=True)
    ]


async def _tell(recorded: RecordedPlan, asker: Asker, settings: Settings) -> None:
    """Publish what was planned and decided, so that automations of Prefect can react."""
    await publish(
        settings,
        f"{EVENT}.{recorded.planning.outcome}",
        {"prefect.resource.id": f"luthier.plan.{recorded.id}"},
        {
            "actor": asker.actor,
            "workspace": asker.workspace,
            "decisions": _told(recorded)[:_MOST_TOLD],
        },
    )


def _markdown(recorded: RecordedPlan) -> str:
    planning = recorded.planning
    parts = [f"# {planning.plan.intent if planning.plan else planning.outcome}"]
    parts += [f"- {question}" for question in planning.questions]
    if planning.problem:
        parts.append(f"{planning.problem.code}: {planning.problem.message}")
    if planning.plan:
        rows = [
            f"| {number} | {told['action']} | {'yes' if told['allowed'] else 'no'} "
            f"| {told['reason'].replace('|', '/')} |"
            for number, told in enumerate(_told(recorded), 1)
        ]
        parts.append("\n".join(["| | action | permitted | why |", "|---|---|---|---|", *rows]))
    meta = planning.meta
    parts.append(f"Planned by {meta.model or meta.provider} in {meta.duration_s:.1f} s.")
    return "\n\n".join(parts)
