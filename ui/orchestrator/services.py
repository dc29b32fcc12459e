"""What the orchestrator page asks of the floors below; each call answers or raises an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlmodel import Session

from prefect_luthier.ai_builder.action_planning.plan import PlannedAction
from prefect_luthier.blocks.columns import now
from prefect_luthier.deployments.jobs.cancellation import cancel_pending
from prefect_luthier.deployments.jobs.resolution import resolve_effect
from prefect_luthier.deployments.register.prefect_api import prefect_api_url
from prefect_luthier.deployments.store.action_plans import Asker, asker_of
from prefect_luthier.deployments.store.audit import acting_user
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.effects import EffectState, unknown_effects
from prefect_luthier.deployments.store.jobs import jobs_under, list_jobs
from prefect_luthier.deployments.store.orchestrator_tables import ActionJobRow
from prefect_luthier.deployments.store.token_ledger import usage
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.acceptance import accept, judge
from prefect_luthier.flows.execute_actions import hand_over, refusal, tell
from prefect_luthier.flows.plan_actions import RecordedPlan, make_plan_of_actions
from prefect_luthier.policy import Decision
from prefect_luthier.settings import load_settings
from prefect_luthier.ui.builder.background import begin
from prefect_luthier.ui.builder.services import answer, from_database
from prefect_luthier.ui.studio import flow_runs

JOBS_SHOWN = 50


@dataclass(frozen=True)
class Budget:
    """Tokens of this minute.

    Args:
        settled: Spent in the last minute.
        reserved: Set aside for calls that are under way.
        limit: Most a minute; None is no limit.
    """

    settled: int
    reserved: int
    limit: int | None


@dataclass(frozen=True)
class Doubt:
    """An effect that a person has to look for.

    Args:
        effect: Its record.
        params: What it was to do, as far as that is known.
    """

    effect: EffectState
    params: Mapping[str, Any]


def asker() -> Asker:
    """Return who sits at this page."""
    return asker_of(load_settings())


def begin_plan(prompt: str, answers: Sequence[str]) -> Future[RecordedPlan]:
    """Plan beside the page."""
    return begin(make_plan_of_actions(prompt, tuple(answers), asker=asker()))


def judged(actions: Sequence[PlannedAction]) -> list[Decision]:
    """Return whether each action may be done as it stands; nothing is accepted by this."""
    with from_database():
        return [each.decision for each in judge(actions, asker(), load_settings())]


def execute(actions: Sequence[PlannedAction], plan_id: UUID) -> tuple[str, ...]:
    """Accept actions and hand them to Prefect; return their job ids.

    Raises:
        LuthierError: One of them is not permitted; none is done.
    """
    settings = load_settings()
    with from_database():
        accepted = accept(actions, asker(), settings, plan_id)
    answer(tell(accepted, asker(), settings))
    if accepted.denied:
        raise refusal(accepted)
    answer(hand_over(list(accepted.jobs), settings))
    return tuple(str(job.id) for job in accepted.jobs)


def jobs(statuses: Sequence[str] = (), action: str | None = None) -> list[ActionJobRow]:
    """Return the newest jobs that fit."""
    settings = load_settings()
    with from_database(), Session(open_store(settings)) as session:
        return list_jobs(
            session, statuses=statuses, action=action, tenant=settings.tenant, limit=JOBS_SHOWN
        )


def waiting() -> list[Doubt]:
    """Return the effects of unknown outcome, which wait for a person."""
    settings = load_settings()
    with from_database(), Session(open_store(settings)) as session:
        return [
            Doubt(effect, _params_of(session, effect))
            for effect in unknown_effects(session, settings.tenant, now())
        ]


def _params_of(session: Session, effect: EffectState) -> Mapping[str, Any]:
    """Return what an effect was to do; a workflow's own step has no job that says it."""
    jobs = jobs_under(session, effect.key.tenant, effect.key.client_request_id)
    return jobs[0].params if jobs else {}


def settle_doubt(client_request_id: str, *, was_sent: bool, note: str) -> None:
    """Write down what a person found out about an effect in doubt."""
    settings = load_settings()
    actor = acting_user(settings)
    with from_database():
        resolve_effect(settings, client_request_id, sent=was_sent, note=note, actor=actor)


def budget() -> Budget:
    """Return how much of this minute's tokens is in use."""
    settings = load_settings()
    with from_database():
        used = usage(open_store(settings))
    return Budget(used.settled, used.reserved, settings.max_tokens_per_minute)


def run_url(job: ActionJobRow) -> str | None:
    """Return the address of a job's run in the Prefect UI, None while there is none."""
    if job.flow_run_id is None:
        return None
    try:
        address = prefect_api_url(load_settings())
    except LuthierError:
        return None
    return f"{address.rstrip('/').removesuffix('/api')}/runs/flow-run/{job.flow_run_id}"


def cancel(job: ActionJobRow) -> None:
    """End a job that has not begun, and ask Prefect to end one that has."""
    settings = load_settings()
    with from_database():
        run_id = cancel_pending(settings, str(job.id))
    if run_id is not None:
        answer(flow_runs.cancel(settings, str(run_id)))
