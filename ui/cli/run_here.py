"""Running a workflow in this very process."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import FlowRun
from prefect.exceptions import ObjectNotFound
from prefect.states import Pending

from prefect_luthier.deployments.register.payload import TAG
from prefect_luthier.flows.execution.options import Options, options
from prefect_luthier.flows.execution.progress import listener, run_started
from prefect_luthier.flows.execution.report import await_summaries
from prefect_luthier.flows.run_workflow import run_workflow
from prefect_luthier.ui.cli.flow_here import run_to_end
from prefect_luthier.ui.cli.run_view import RunView


def run_here(
    name: str,
    parameters: dict[str, Any],
    chosen: Options,
    view: RunView,
    run_id: UUID | None = None,
) -> UUID | None:
    """Run the flow to its end; return the run's id, None when it did not come to be.

    Args:
        name: Name of the flow: the workflow's id.
        parameters: Parameters of `run_workflow`.
        chosen: How to execute it.
        view: Is shown what happens.
        run_id: A run to continue, instead of a new one.
    """
    started: list[str] = []
    listener.set(view.take)
    options.set(chosen)
    run_started.set(started.append)
    asyncio.run(_run(name, parameters, run_id))
    await_summaries()
    return UUID(started[0]) if started else None


async def _run(name: str, parameters: dict[str, Any], run_id: UUID | None) -> None:
    flow: Any = run_workflow.with_options(name=name)
    flow_run = await (_continued(run_id) if run_id else _created(flow, parameters))
    await run_to_end(flow, parameters, flow_run)


async def _created(flow: Any, parameters: dict[str, Any]) -> FlowRun:
    """Return a new run with the tag by which the builder finds runs."""
    async with get_client() as client:
        return await client.create_flow_run(
            flow, parameters=parameters, tags=[TAG], state=Pending()
        )


async def _continued(run_id: UUID) -> FlowRun:
    async with get_client() as client:
        await client.set_flow_run_state(run_id, Pending(message="Continued."), force=True)
        return await client.read_flow_run(run_id)


def flow_run_of(run_id: UUID) -> FlowRun | None:
    """Return a flow run of the server in use, None when it does not know it."""

    async def read() -> FlowRun | None:
        async with get_client() as client:
            try:
                return await client.read_flow_run(run_id)
            except ObjectNotFound:
                return None

    return asyncio.run(read())
