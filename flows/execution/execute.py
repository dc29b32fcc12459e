"""Executing a plan inside a Prefect flow run, from its first step to its last artifact."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import httpx
from prefect.client.orchestration import PrefectClient
from prefect.exceptions import PrefectException
from prefect.logging import get_run_logger

from prefect_luthier.blocks.blob_store import BlobStore, open_blob_store
from prefect_luthier.deployments.definition.expressions import interpolate
from prefect_luthier.deployments.definition.plan import Plan
from prefect_luthier.deployments.store.audit import acting_user
from prefect_luthier.deployments.store.runs import StepResult
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.execution.abandoned import end_abandoned_task_runs
from prefect_luthier.flows.execution.artifacts import Collected, collect
from prefect_luthier.flows.execution.bindings import Bindings
from prefect_luthier.flows.execution.document import run_document
from prefect_luthier.flows.execution.interruptions import CANCELLED_IN_PREFECT, interruptions
from prefect_luthier.flows.execution.log_blobs import LogBlobs
from prefect_luthier.flows.execution.needs import UNSUCCESSFUL, Stop
from prefect_luthier.flows.execution.options import options
from prefect_luthier.flows.execution.progress import listener
from prefect_luthier.flows.execution.ready_queue import ReadyQueue
from prefect_luthier.flows.execution.report import show_files, show_summary
from prefect_luthier.flows.execution.run import DEFAULT_PARALLEL, CallWorkflow, Run
from prefect_luthier.flows.execution.run_store import RunStore
from prefect_luthier.flows.execution.secret_values import resolve_secrets
from prefect_luthier.flows.execution.step_runner import StepRunner
from prefect_luthier.flows.execution.workspaces import run_workspace
from prefect_luthier.masking import Masker
from prefect_luthier.settings import Settings

_SERVER_AWAY = (httpx.HTTPError, PrefectException)


@dataclass(frozen=True)
class Finished:
    """How a run ended.

    Args:
        state: ``completed``, ``failed``, ``timed-out`` or ``cancelled``.
        message: The reason when it did not complete.
        document: What the run is worth: steps, outputs, artifacts.
    """

    state: str
    message: str
    document: dict[str, Any]


async def execute(
    plan: Plan,
    run_id: UUID,
    settings: Settings,
    client: PrefectClient,
    call_workflow: CallWorkflow,
) -> Finished:
    """Execute a plan, or continue the execution of a run that did not finish.

    Args:
        plan: What to execute.
        run_id: The Prefect flow run.
        settings: Where everything is.
        client: The flow run's own client.
        call_workflow: Runs another workflow as a sub-run.

    Raises:
        LuthierError: It cannot start: another plan, a missing secret, an active run.
        ServiceUnreachable: The database does not answer.
    """
    store = RunStore(settings, run_id)
    try:
        stored = await store.open(plan, acting_user(settings), options.get())
        blobs = open_blob_store(settings)
        secrets = await resolve_secrets(plan, str(run_id))
        run = Run(
            run_id=run_id,
            plan=plan,
            started_at=stored.started_at,
            earlier=stored.results,
            store=store,
            log_blobs=LogBlobs(blobs),
            bindings=Bindings(plan, str(run_id), stored.started_at, secrets),
            masker=Masker(secrets.values()),
            folder=run_workspace(settings, str(run_id)),
            slots=asyncio.Semaphore(options.get().parallel or plan.parallel or DEFAULT_PARALLEL),
            listener=listener.get(),
            call_workflow=call_workflow,
        )
        return await _run_and_report(run, client, blobs)
    except LuthierError as error:
        with suppress(LuthierError):
            await store.fail_if_running(str(error))
        raise
    finally:
        await store.close()


async def _run_and_report(run: Run, client: PrefectClient, blobs: BlobStore) -> Finished:
    if run.earlier:
        with suppress(*_SERVER_AWAY):
            await end_abandoned_task_runs(client, run.run_id)
    stop = await _run_steps(run, client)
    state, message = verdict(run, stop)
    collected = await asyncio.to_thread(_collect, run, blobs)
    problems = [*collected.problems, *await run.log_blobs.close()]
    for problem in problems:
        get_run_logger().warning("%s", problem)
    files = [file.to_json() for file in collected.files]
    await run.store.finish(_stored_state(state), message, files)
    with suppress(*_SERVER_AWAY):  # what people see is worth a try, but not the run
        await show_files(run.plan, collected.files, blobs)
    show_summary(run.run_id, run.plan, state, message, run.results)
    document = run_document(
        str(run.run_id),
        state,
        message,
        run.plan.to_json(),
        results={**run.earlier, **run.results},
        artifacts=files,
    )
    return Finished(state, message, document)


async def _run_steps(run: Run, client: PrefectClient) -> Stop | None:
    """Run all steps that can run; return why the others did not."""
    for step in run.plan.steps:
        earlier = run.finished_before(step.id)
        if earlier is not None:
            run.results[step.id] = earlier
            run.bindings.add(step, earlier)
    if run.results:
        get_run_logger().info("continuing: %d steps are done already", len(run.results))
    runner = StepRunner(run, lambda: queue.stop)
    queue = ReadyQueue(run.plan.steps, run.results, runner.run_step, runner.cancel)
    try:
        async with interruptions(queue.end, client, run.run_id, run.plan.timeout_s):
            await queue.run()
    except asyncio.CancelledError:
        queue.end(Stop("cancelled", "the run was cancelled"))
        await queue.drain()
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()  # the run ends as cancelled, in good order
    return await _with_reason(queue.stop, client, run.run_id)


async def _with_reason(stop: Stop | None, client: PrefectClient, run_id: UUID) -> Stop | None:
    """Return the stop with the reason that was given in Prefect: a signal brings none."""
    if stop is None or stop.kind != "cancelled":
        return stop
    with suppress(*_SERVER_AWAY):
        state = (await client.read_flow_run(run_id)).state
        if state is not None and state.is_cancelling():
            return replace(stop, reason=state.message or CANCELLED_IN_PREFECT)
    return stop


def verdict(run: Run, stop: Stop | None) -> tuple[str, str]:
    """Return the state in which a run ends, and why."""
    if stop is not None and stop.kind != "failed":
        return stop.kind, run.masker.text(stop.reason)
    failed = [result for result in _in_order(run) if result.state == "failed"]
    if not failed:
        failed = [result for result in _in_order(run) if result.state in UNSUCCESSFUL]
    if not failed:
        return "completed", ""
    message = f"step `{failed[0].step}` failed: {failed[0].reason}"
    if len(failed) > 1:
        message += f" (also failed: {', '.join(f'`{r.step}`' for r in failed[1:])})"
    return "failed", message


def _in_order(run: Run) -> list[StepResult]:
    found: Mapping[str, StepResult] = run.results
    results = [found[step.id] for step in run.plan.steps if step.id in found]
    return sorted(results, key=lambda r: r.ended_at or run.started_at)


def _stored_state(state: str) -> str:
    return "failed" if state == "timed-out" else state


def _collect(run: Run, blobs: BlobStore) -> Collected:
    bindings = run.bindings.plain
    artifacts = tuple(
        artifact.model_copy(update={"path": str(interpolate(artifact.path, bindings))})
        for artifact in run.plan.artifacts
    )
    return collect(artifacts, run.folder, blobs, run.masker)
