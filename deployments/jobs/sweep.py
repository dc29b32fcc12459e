"""Jobs that nobody does any more: handed over again, or ended with what became of them.

A run that was killed, a server that lost a run, a crash between accepting a job and handing it
over: none of them may leave a job pending or running for ever. Doing a job again is safe, for its
effect happens once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from sqlmodel import Session, col, select

from prefect_luthier.blocks.columns import now
from prefect_luthier.deployments.jobs.outcomes import JobEnd, end_by_effect
from prefect_luthier.deployments.jobs.submission import prepare_prefect, submit
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.effects import (
    EffectState,
    abandoned_effects,
    effect_or_none,
    give_up,
    was_interrupted,
)
from prefect_luthier.deployments.store.jobs import ACTIVE, end_job, link_run, list_jobs
from prefect_luthier.deployments.store.orchestrator_tables import ActionJobRow
from prefect_luthier.deployments.store.tables import CatalogRow
from prefect_luthier.settings import Settings

_PATIENCE = timedelta(seconds=5)
_MOST_ATTEMPTS = 10
_PAGE = 200
_KEY_INPUT = "client_request_id"
_NOT_REPEATED = "its run was lost; it may have happened, so it is not done again."
_FINAL = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED", "MISSING"})


@dataclass
class JobSweeper:
    """Looks for lost jobs again and again.

    Args:
        settings: Where the database is.
    """

    settings: Settings

    async def sweep(self, api: httpx.AsyncClient) -> list[UUID]:
        """Settle or hand over again what is lost; return the ids of the jobs concerned."""
        jobs = await asyncio.to_thread(self._active)
        concerned = []
        deployment_id = await prepare_prefect(api, self.settings) if jobs else ""
        states = await _states_of(api, jobs)
        for job in jobs:
            state = states.get(job.id)
            if state is not None and state not in _FINAL:
                continue
            end = await asyncio.to_thread(self._end_of, job, state)
            if end is None:
                run_id = await submit(api, deployment_id, job)
                await asyncio.to_thread(self._link, job.id, run_id)
            concerned.append(job.id)
        await asyncio.to_thread(self._give_up_effects)
        return concerned

    def _active(self) -> list[ActionJobRow]:
        with Session(open_store(self.settings)) as session:
            jobs = list_jobs(session, statuses=ACTIVE, limit=None)
            return [job for job in jobs if job.created_at < now() - _PATIENCE]

    def _end_of(self, job: ActionJobRow, state: str | None) -> JobEnd | None:
        """End a job of which it is clear what became, or that was tried too often."""
        with Session(open_store(self.settings)) as session:
            if state is None:
                return None
            effect = effect_or_none(session, job.tenant, job.client_request_id)
            end = end_by_effect(effect)
            retryable = bool(effect and effect.outcome and effect.outcome.get("retryable"))
            interrupted = effect is not None and was_interrupted(session, effect)
            if state == "CRASHED" and job.attempts < _MOST_ATTEMPTS and (retryable or interrupted):
                return None  # the run was ended before it had its result
            if end is None and state == "CANCELLED":
                end = JobEnd("cancelled", None, _error("cancelled", "its run was cancelled."))
            if end is None and job.attempts and not _takes_key(session, job.action):
                end = JobEnd("error", None, _error("interrupted", _NOT_REPEATED))
            if end is None and job.attempts >= _MOST_ATTEMPTS:
                end = JobEnd("error", None, _error("job-lost", "its run was lost too often."))
            if end is not None:
                end_job(session, job.id, end.status, now(), result=end.result, error=end.error)
                session.commit()
            return end

    def _link(self, job_id: UUID, run_id: UUID) -> None:
        with Session(open_store(self.settings)) as session:
            link_run(session, job_id, run_id)
            session.commit()

    def _give_up_effects(self) -> None:
        """Hand over to a person what may have been sent and what no job is left to look after."""
        at = now()
        patience = timedelta(seconds=self.settings.effect_settle_s + self.settings.effect_lease_s)
        with Session(open_store(self.settings)) as session:
            for effect in abandoned_effects(session, at - patience):
                if not _has_active_job(session, effect):
                    give_up(session, effect, at)
            session.commit()


def _takes_key(session: Session, action: str) -> bool:
    """Tell whether an action takes effect once, so that it may be begun again."""
    query = select(CatalogRow).where(CatalogRow.slug == action)
    return any(
        _KEY_INPUT in (row.document.get("input_schema") or {}).get("properties", {})
        for row in session.exec(query)
    )


def _has_active_job(session: Session, effect: EffectState) -> bool:
    query = select(ActionJobRow.id).where(
        ActionJobRow.tenant == effect.key.tenant,
        ActionJobRow.client_request_id == effect.key.client_request_id,
        col(ActionJobRow.status).in_(ACTIVE),
    )
    return session.exec(query.limit(1)).first() is not None


async def _states_of(api: httpx.AsyncClient, jobs: Sequence[ActionJobRow]) -> dict[UUID, str]:
    """Return by job the type of the state of its run; a job that has no run yet is left out."""
    handed_over = [job for job in jobs if job.flow_run_id is not None]
    runs: dict[str, Any] = {}
    for first in range(0, len(handed_over), _PAGE):
        ids = [str(job.flow_run_id) for job in handed_over[first : first + _PAGE]]
        wanted = {"flow_runs": {"id": {"any_": ids}}, "limit": _PAGE}
        answer = await api.post("/flow_runs/filter", json=wanted)
        answer.raise_for_status()
        runs |= {run["id"]: run["state"] for run in answer.json()}
    return {job.id: _state_type(runs, str(job.flow_run_id)) for job in handed_over}


def _state_type(runs: Mapping[str, Any], run_id: str) -> str:
    if run_id not in runs:
        return "MISSING"
    state = runs[run_id]
    if state is None or datetime.fromisoformat(state["timestamp"]) > now() - _PATIENCE:
        return "RECENT"  # the run itself may be about to write down its end
    return str(state["type"])


def _error(code: str, message: str) -> dict[str, str]:
    return {"code": code, "message": message, "advice": ""}
