"""Running a flow in this very process, until the server knows all of it."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateType,
)
from prefect.client.schemas.objects import TERMINAL_STATES, FlowRun, State, StateType
from prefect.events.worker import EventsWorker
from prefect.flow_engine import run_flow_async
from prefect.logging.handlers import APILogHandler

_HISTORY_S = 10.0
_POLL_S = 0.2


async def run_to_end(
    flow: Any, parameters: dict[str, Any], flow_run: FlowRun | None = None
) -> State[Any] | None:
    """Run a flow; return its last state when the server has its logs, events and task runs.

    Args:
        flow: An asynchronous flow.
        parameters: Its parameters.
        flow_run: A run to continue, instead of a new one.
    """
    state: State[Any] | None = await run_flow_async(
        flow, flow_run=flow_run, parameters=parameters, return_type="state"
    )
    await APILogHandler.aflush()
    draining = EventsWorker.drain_all()
    if inspect.isawaitable(draining):
        await draining
    if state and state.state_details.flow_run_id:
        await _await_history(state.state_details.flow_run_id)
    return state


async def _await_history(run_id: UUID) -> None:
    """Wait until the server has recorded the ends of all task runs.

    It records them a moment later than it hears of them; a server that only this command uses
    would otherwise be stopped too early.
    """
    at_work = [kind for kind in StateType if kind not in TERMINAL_STATES]
    unended = TaskRunFilter(state=TaskRunFilterState(type=TaskRunFilterStateType(any_=at_work)))
    deadline = asyncio.get_running_loop().time() + _HISTORY_S
    async with get_client() as client:
        while asyncio.get_running_loop().time() < deadline:
            if not await client.read_task_runs(
                flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run_id])),
                task_run_filter=unended,
                limit=1,
            ):
                return
            await asyncio.sleep(_POLL_S)
