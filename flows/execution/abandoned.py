"""Task runs that an earlier execution of a run left behind when it was killed."""

from __future__ import annotations

from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.states import Crashed

_PAGE = 200
_OPEN = [StateType.RUNNING, StateType.PENDING, StateType.SCHEDULED, StateType.PAUSED]


async def end_abandoned_task_runs(client: PrefectClient, run_id: UUID) -> int:
    """Set them Crashed, so that Prefect does not show them running for ever; return how many."""
    state = TaskRunFilterState(type=TaskRunFilterStateType(any_=_OPEN))
    abandoned = await client.read_task_runs(
        flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run_id])),
        task_run_filter=TaskRunFilter(state=state),
        limit=_PAGE,
    )
    for task_run in abandoned:
        message = "The process that ran it was killed."
        await client.set_task_run_state(task_run.id, Crashed(message=message), force=True)
    return len(abandoned)
