"""The Prefect task of a step: one task run for a step, or for an item of its foreach."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.context import TaskRunContext
from prefect.logging import get_run_logger
from prefect.states import Cancelled, Completed, Failed

from prefect_luthier.deployments.definition.plan import PlannedRetries, PlannedStep
from prefect_luthier.deployments.store.runs import StepResult
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.execution.attempt import AttemptContext, AttemptResult, attempt
from prefect_luthier.flows.execution.needs import Stop
from prefect_luthier.flows.execution.progress import StepEvent
from prefect_luthier.flows.execution.run import Run

TIMED_OUT = "TimedOut"
NOT_STORED = "NotStored"

_unit: ContextVar[Callable[[], Any]] = ContextVar("luthier_unit")


def _may_retry(_task: Any, _task_run: Any, state: State[Any]) -> bool:
    """Return whether a failed attempt may be repeated: not if it did its work already."""
    return state.name != NOT_STORED


@task(
    name="step",
    task_run_name="{step}",
    persist_result=False,
    cache_policy=NO_CACHE,
    log_prints=False,
    retry_condition_fn=_may_retry,
    retry_delay_seconds=0,  # the wait is part of the attempt, where a cancellation reaches it
)
async def step_task(step: str) -> State[Any] | None:  # noqa: ARG001 - Prefect names the run by it
    """Run the unit that the context carries; its parameter is the name of the task run."""
    state: State[Any] | None = await _unit.get()()
    return state


class Unit:
    """One task run: a step, or an item of a foreach step.

    Args:
        run: The run it belongs to.
        step: Its step.
        bindings: What its templates can read.
        index: Position in a foreach.
    """

    def __init__(
        self, run: Run, step: PlannedStep, bindings: Mapping[str, Any], index: int | None = None
    ) -> None:
        self._run = run
        self._step = step
        self._bindings = bindings
        self._index = index
        self._body: asyncio.Task[AttemptResult] | None = None
        self._stop: Stop | None = None
        self._started_at = datetime.now(UTC)
        self._result: StepResult | None = None
        self.key = step.id if index is None else f"{step.id}[{index}]"

    async def run(self) -> StepResult:
        """Run it in its task; the result is stored when this returns."""
        _unit.set(self._attempt)
        retries = self._step.retries.max
        prefect_task = step_task.with_options(retries=retries) if retries else step_task
        self._started_at = datetime.now(UTC)
        self._run.listener(StepEvent(self.key, "running"))
        state: State[Any] = await _as_state(prefect_task, self.key)
        if self._result is None:  # the task never came to the attempt
            await self._finish("failed", AttemptResult(failure=state.message or state.name or ""))
        assert self._result is not None
        return self._result

    def cancel(self, stop: Stop) -> None:
        """End it; what it started is gone when its task is done."""
        self._stop = stop
        if self._body is not None:
            self._body.cancel()

    async def _attempt(self) -> State[Any] | None:
        """Make one attempt; Prefect calls this again when a retry is due."""
        try:
            return await self._attempt_and_store()
        except LuthierError as error:  # the attempt is over, but its result is not stored
            reason = self._run.masker.text(str(error))
            self._result = StepResult(self._step.id, "failed", self._index, reason=reason)
            return Failed(name=NOT_STORED, message=reason)

    async def _attempt_and_store(self) -> State[Any] | None:
        context = TaskRunContext.get()
        number = context.task_run.run_count if context else 1
        self._body = asyncio.ensure_future(self._wait_and_try(number))
        if self._stop is not None:
            self._body.cancel()
        try:
            tried = await self._body
        except asyncio.CancelledError:
            if self._stop is None:
                raise
            return await self._stopped(self._stop, number)
        if tried.failure and self._stop is not None:
            return await self._stopped(self._stop, number)
        if not tried.failure:
            await self._finish("completed", tried, number)
            return None
        if number > self._step.retries.max:
            await self._finish("failed", tried, number)
        return Failed(name=TIMED_OUT if tried.timed_out else "Failed", message=tried.failure)

    async def _stopped(self, stop: Stop, number: int) -> State[Any]:
        await self._finish("cancelled", AttemptResult(failure=stop.reason), number)
        return Cancelled(message=stop.reason)

    async def _wait_and_try(self, number: int) -> AttemptResult:
        logger = get_run_logger()
        if number > 1:
            wait_s = retry_wait_s(self._step.retries, number, random.random())  # noqa: S311 - jitter
            total = self._step.retries.max + 1
            logger.info("attempt %d of %d in %.1f s", number, total, wait_s)
            self._run.listener(StepEvent(self.key, "retrying", f"attempt {number} of {total}"))
            await asyncio.sleep(wait_s)
        run = self._run

        def log(line: str) -> None:
            logger.info("%s", line)
            run.listener(StepEvent(self.key, "log", line))

        return await attempt(
            self._step,
            AttemptContext(
                run_id=str(run.run_id),
                key=self.key,
                folder=run.folder,
                bindings=self._bindings,
                secret_bindings=run.bindings.with_secrets(self._bindings),
                masker=run.masker,
                log_blobs=run.log_blobs,
                log=log,
                call_workflow=run.call_workflow,
            ),
        )

    async def _finish(self, state: str, tried: AttemptResult, number: int = 1) -> None:
        """Build the result and store it: only then may Prefect, and dependents, know of it."""
        result = StepResult(
            step=self._step.id,
            index=self._index,
            state=state,
            reason=tried.failure,
            outputs=tried.outputs,
            exit_code=tried.exit_code,
            attempt=number,
            started_at=self._started_at,
            ended_at=datetime.now(UTC),
            stdout_sha256=tried.stdout_sha256,
            stderr_sha256=tried.stderr_sha256,
        )
        self._result = result
        await self._run.store.record(result)


def retry_wait_s(retries: PlannedRetries, number: int, random_share: float) -> float:
    """Return the wait before attempt ``number`` (2 is the first repetition).

    Args:
        retries: Delay, growth and jitter.
        number: The attempt that is waited for.
        random_share: Between 0 and 1; how much of the jitter is added.
    """
    wait_s = retries.delay_s * retries.backoff ** (number - 2)
    return min(wait_s * (1 + retries.jitter * random_share), _LONGEST_WAIT_S)


_LONGEST_WAIT_S = 24 * 3600.0


async def settle(run: Run, step: PlannedStep, state: str, reason: str) -> StepResult:
    """Give a step that does not run its task run and its result.

    Args:
        run: The run.
        step: The step.
        state: ``skipped``, ``failed`` or ``completed``.
        reason: Why, shown in Prefect.
    """
    shown = run.masker.text(reason)

    async def report() -> State[Any]:
        # Made only now: Prefect drops a state that is older than the task run's Running.
        if state == "failed":
            return Failed(message=shown)
        return Completed(name="Skipped" if state == "skipped" else None, message=shown)

    _unit.set(report)
    now = datetime.now(UTC)
    result = StepResult(step=step.id, state=state, reason=shown, started_at=now, ended_at=now)
    await run.store.record(result)
    await _as_state(step_task, step.id)
    return result


async def _as_state(prefect_task: Any, key: str) -> State[Any]:
    """Call the task; Prefect's annotations do not say that an async task gives its state so."""
    state: State[Any] = await prefect_task(key, return_state=True)
    return state
