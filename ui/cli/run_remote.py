"""Running a registered workflow through its deployment and the worker, and watching it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun, StateType, TaskRun
from prefect.exceptions import PrefectHTTPStatusError
from prefect.states import AwaitingRetry, Cancelled, Cancelling

from prefect_luthier.deployments.register.payload import DEPLOYMENT_NAME
from prefect_luthier.deployments.register.prefect_api import find_deployment, open_prefect
from prefect_luthier.errors import UsageError
from prefect_luthier.flows.execution.progress import StepEvent
from prefect_luthier.settings import Settings
from prefect_luthier.ui.cli.output import say
from prefect_luthier.ui.cli.run_view import RunView

_POLL_S = 0.5
_PAGE = 200
_WAITING_S = 10.0
_CANCEL_S = 30.0

_STATES = {
    StateType.RUNNING: "running",
    StateType.COMPLETED: "completed",
    StateType.FAILED: "failed",
    StateType.CRASHED: "failed",
    StateType.CANCELLED: "cancelled",
}


def start_remote(settings: Settings, workflow: str, inputs: dict[str, Any]) -> UUID:
    """Create a run of a registered workflow's deployment.

    Raises:
        UsageError: The workflow has no deployment.
        LuthierError: Prefect refuses the inputs.
    """

    async def start() -> UUID:
        async with open_prefect(settings) as client:
            deployment = await find_deployment(client, workflow, DEPLOYMENT_NAME)
            if deployment is None:
                raise UsageError(
                    "not-registered",
                    f"the workflow {workflow!r} has no deployment.",
                    "Register it with `luthier register FILE`, or run it with --here.",
                )
            parameters = dict(deployment["parameters"])
            parameters["inputs"] = {**(parameters.get("inputs") or {}), **inputs}
            run = await client.create_flow_run_from_deployment(
                UUID(str(deployment["id"])), parameters=parameters
            )
            return run.id

    return asyncio.run(start())


def retry_remote(settings: Settings, run_id: UUID) -> None:
    """Have the worker execute a run again, as the button in Prefect's pages does."""

    async def retry() -> None:
        async with open_prefect(settings) as client:
            await client.set_flow_run_state(run_id, AwaitingRetry(), force=True)

    asyncio.run(retry())


def watch_remote(settings: Settings, run_id: UUID, view: RunView) -> str:
    """Show a run until it ends; return its state. Ctrl-C cancels the run."""
    try:
        return asyncio.run(_until_final(settings, run_id, _Watch(view).take, None))
    except KeyboardInterrupt:
        say("cancelling …")
        cancel_remote(settings, run_id)
        return asyncio.run(_until_final(settings, run_id, _Watch(view).take, _CANCEL_S))


def cancel_remote(settings: Settings, run_id: UUID) -> FlowRun:
    """Ask for the cancellation of a run, unless it has ended; return it."""

    async def cancel() -> FlowRun:
        async with open_prefect(settings) as client:
            run = await client.read_flow_run(run_id)
            if run.state is not None and run.state.is_final():
                return run
            message = "Cancelled with `luthier cancel`."
            await client.set_flow_run_state(run_id, Cancelling(message=message))
            return await client.read_flow_run(run_id)

    return asyncio.run(cancel())


def force_cancelled(settings: Settings, run_id: UUID) -> None:
    """Set a run Cancelled that no process is left to end."""

    async def force() -> None:
        async with open_prefect(settings) as client:
            message = "Cancelled; its process was gone."
            await client.set_flow_run_state(run_id, Cancelled(message=message), force=True)

    asyncio.run(force())


async def _until_final(
    settings: Settings,
    run_id: UUID,
    take: Callable[[FlowRun, list[TaskRun]], None],
    patience_s: float | None,
) -> str:
    async with open_prefect(settings) as client:
        async with asyncio.timeout(patience_s):
            while True:
                with contextlib.suppress(httpx.TransportError, PrefectHTTPStatusError):
                    run = await client.read_flow_run(run_id)
                    take(run, await task_runs(client, run_id))
                    if run.state is not None and run.state.is_final():
                        return run.state.type.value.lower()
                await asyncio.sleep(_POLL_S)


async def task_runs(client: PrefectClient, run_id: UUID) -> list[TaskRun]:
    """Return all task runs of a run."""
    found: list[TaskRun] = []
    while True:
        page = await client.read_task_runs(
            flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run_id])),
            limit=_PAGE,
            offset=len(found),
        )
        found += page
        if len(page) < _PAGE:
            return found


class _Watch:
    """Turns what Prefect says into events for the view."""

    def __init__(self, view: RunView) -> None:
        self._view = view
        self._seen: dict[UUID, str] = {}
        self._waited_s = 0.0

    def take(self, run: FlowRun, tasks: list[TaskRun]) -> None:
        """Show what changed since the last time."""
        if run.state is not None and run.state.is_scheduled():
            self._waited_s += _POLL_S
            if self._waited_s == _WAITING_S:
                say("still waiting for a worker: is one running? `luthier status` tells.")
        for task in tasks:
            state = _shown_state(task)
            if state is None or self._seen.get(task.id) == state:
                continue
            self._seen[task.id] = state
            message = (task.state.message if task.state else None) or ""
            self._view.take(StepEvent(task.name, state, message))


def _shown_state(task: TaskRun) -> str | None:
    if task.state is None:
        return None
    if task.state.name == "Skipped":
        return "skipped"
    if task.state.name == "Retrying":
        return "retrying"
    return _STATES.get(task.state.type)
