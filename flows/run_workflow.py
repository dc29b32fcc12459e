"""The flow that runs every workflow."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from prefect import flow
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext, TaskRunContext
from prefect.states import Cancelled, Failed

from prefect_luthier.catalog import split_reference
from prefect_luthier.deployments.store.runs import Parent
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.execution.execute import Finished, execute
from prefect_luthier.flows.execution.load import load_plan
from prefect_luthier.flows.execution.options import MAX_DEPTH, options
from prefect_luthier.flows.execution.progress import run_started
from prefect_luthier.flows.failure import failed
from prefect_luthier.settings import load_settings


@flow(name="run-workflow", persist_result=False, log_prints=False)
async def run_workflow(
    workflow: str,
    version: str | None = None,
    digest: str | None = None,
    inputs: dict[str, Any] | None = None,
) -> Any:
    """Run a workflow: each step is a task run, and the result is a JSON document.

    Call it like any flow: ``asyncio.run(run_workflow("workflow.toml", inputs={...}))``. Run it
    again under the same flow run, as Prefect's "Retry" does, and it continues from the steps
    that did not finish.

    Args:
        workflow: Id of a registered workflow, or path of a definition.
        version: Version of the registered workflow; the newest by default.
        digest: Digest of the registered definition, which it must have.
        inputs: Values of the workflow's parameters.
    """
    context = FlowRunContext.get()
    if context is None or context.flow_run is None:
        raise LuthierError(
            "no-flow-run", "the steps of a workflow need a Prefect flow run.", "Call the flow."
        )
    run_id = context.flow_run.id
    started = run_started.get()
    if started is not None:
        started(str(run_id))
    settings = load_settings()
    try:
        plan = await asyncio.to_thread(load_plan, settings, workflow, version, digest, inputs or {})
        client = cast(PrefectClient, context.client)  # that of an async flow
        finished = await execute(plan, run_id, settings, client, call_workflow)
    except LuthierError as error:
        return failed(error)
    return _prefect_result(finished)


def _prefect_result(finished: Finished) -> State[Any] | dict[str, Any]:
    if finished.state == "completed":
        return finished.document
    if finished.state == "cancelled":
        return Cancelled(message=finished.message)
    name = "TimedOut" if finished.state == "timed-out" else "Failed"
    error = LuthierError("run-failed", finished.message)
    return Failed(name=name, message=finished.message, data=error)


async def call_workflow(reference: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Run a registered workflow as a sub-run of the step that is running.

    Raises:
        LuthierError: It failed, was cancelled, or is nested too deeply.
    """
    here = options.get()
    if here.depth >= MAX_DEPTH:
        raise LuthierError(
            "too-deep",
            f"{reference} is the {MAX_DEPTH}th workflow inside another.",
            "Is it a loop?",
        )
    slug, version = split_reference(reference)
    token = options.set(replace(here, parent=_parent(), fresh=False, depth=here.depth + 1))
    try:
        sub_flow: Any = run_workflow.with_options(name=slug)
        state = await sub_flow(
            workflow=slug, version=version, inputs=dict(inputs), return_state=True
        )
    finally:
        options.reset(token)
    if not state.is_completed():
        raise LuthierError("sub-run-failed", f"{reference}: {state.message or state.name}")
    document = await state.aresult()
    return {
        "run_id": document["run_id"],
        "steps": {step["id"]: step["outputs"] for step in document["steps"]},
        "artifacts": document["artifacts"],
    }


def _parent() -> Parent | None:
    context = TaskRunContext.get()
    if context is None or context.task_run.flow_run_id is None:
        return None
    return Parent(context.task_run.flow_run_id, context.task_run.name)
