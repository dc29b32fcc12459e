"""Start the steps of a workflow in the order of their needs, each as a Prefect task.

Ejected workflows carry this module, so that they run without Luthier.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.states import Cancelled, Completed, Failed

from prefect_luthier.flows.ejection.scope import Outputs, Result, Scope, Step, StepFailed


class StepQueue:
    """Starts each step when its needs have ended."""

    def __init__(self, steps: Sequence[Step], scope: Scope, parallel: int) -> None:
        self.steps = {step.id: step for step in steps}
        self.scope = scope
        self.slots = asyncio.Semaphore(parallel)
        self.running: dict[asyncio.Task[Result], str] = {}
        self.bodies: dict[str, set[asyncio.Task[Outputs]]] = {}
        self.broken: dict[str, str] = {}
        self.stopped = ""

    async def run(self) -> None:
        """Run all steps to their ends; when this is cancelled, so are they."""
        waiting = dict(self.steps)
        try:
            while waiting or self.running:
                for step in list(waiting.values()):
                    if all(need in self.scope.results for need in step.needs):
                        del waiting[step.id]
                        self.running[asyncio.ensure_future(self._step(step))] = step.id
                done, _ = await asyncio.wait(self.running, return_when=asyncio.FIRST_COMPLETED)
                for finished in done:
                    self._take(self.running.pop(finished), finished.result())
        except asyncio.CancelledError:
            self.stopped = self.stopped or "the run was stopped"
            for name in list(self.bodies):
                self._cancel(name)
            for finished in self.running:
                name, result = self.running[finished], await finished
                self.scope.results[name] = result
            raise

    def _take(self, name: str, result: Result) -> None:
        result.outputs = {**dict.fromkeys(self.steps[name].declared), **result.outputs}
        self.scope.results[name] = result
        if result.state == "failed" and self.steps[name].fail_fast and not self.stopped:
            self.stopped = f"step `{name}` failed"
            for other in self.running.values():
                if not self._handles_failure(self.steps[other]):
                    self._cancel(other)

    def _cancel(self, name: str) -> None:
        for body in self.bodies.get(name, ()):
            body.cancel()

    def _handles_failure(self, step: Step) -> bool:
        ended = [self.scope.results[name] for name in step.decides if name in self.scope.results]
        return any(result.state in ("failed", "cancelled") for result in ended)

    def _reason_to_skip(self, step: Step) -> str:
        if step.id in self.broken:
            return self.broken[step.id]
        if self.stopped and not self._handles_failure(step):
            return f"not started: {self.stopped}"
        for need in step.needs:
            result = self.scope.results[need]
            if need not in step.decides and result.state != "completed":
                because = f": {result.reason}" if result.state == "skipped" else ""
                return f"needs `{need}`, which was {result.state}{because}"
        return ""

    async def _step(self, step: Step) -> Result:
        state, reason = self._decision(step)
        if state != "run":
            return await _end(step.id, state, reason)
        if step.foreach is None:
            return await self._task(step, step.id, self.scope)
        try:
            items = list(step.foreach(self.scope))
            problem = ""
        except Exception as error:  # noqa: BLE001 - an expression may fail in any way
            problem = f"{type(error).__name__}: {error}"
        if problem:
            return await _end(step.id, "failed", problem)
        return await self._items(step, items)

    def _decision(self, step: Step) -> tuple[str, str]:
        """Return whether to run, skip or fail a step, and why."""
        reason = self._reason_to_skip(step)
        if reason or step.when is None:
            return ("skipped" if reason else "run"), reason
        try:
            decision = step.when(self.scope)
        except Exception as error:  # noqa: BLE001 - an expression may fail in any way
            return "failed", f"{type(error).__name__}: {error}"
        if not isinstance(decision, bool):
            return "failed", f"`when` is neither true nor false: {decision!r}"
        return ("run", "") if decision else ("skipped", f"its condition is false: {step.condition}")

    async def _items(self, step: Step, items: list[Any]) -> Result:
        found = await asyncio.gather(*(self._item(step, i, item) for i, item in enumerate(items)))
        bad = [f"[{i}] {r.reason}" for i, r in enumerate(found) if r.state != "completed"]
        reason = f"{len(bad)} of {len(found)} items failed: {'; '.join(bad[:5])}" if bad else ""
        outputs = {"items": [result.outputs for result in found]}
        return Result("failed" if bad else "completed", reason, outputs)

    async def _item(self, step: Step, index: int, item: Any) -> Result:
        scope = Scope(**{**vars(self.scope), "item": item, "index": index})
        result = await self._task(step, f"{step.id}[{index}]", scope)
        if result.state == "failed" and step.fail_fast:
            self.broken.setdefault(step.id, f"not started: item {index} of `{step.id}` failed")
            self._cancel(step.id)
        return result

    async def _task(self, step: Step, key: str, scope: Scope) -> Result:
        """Run the work of a step as a Prefect task of its name."""
        own = Scope(**{**vars(scope), "key": key})
        ended = Result("failed", "it never started")

        async def work() -> Any:
            nonlocal ended
            ended = await self._attempt(step, own)
            if ended.state == "completed":
                return None
            state = Cancelled if ended.state == "cancelled" else Failed
            return state(message=ended.reason)

        options: dict[str, Any] = {}
        if step.retries:
            options = {"retries": step.retries, "retry_delay_seconds": list(step.delays_s)}
            options |= {"retry_jitter_factor": step.jitter} if step.jitter else {}
        async with self.slots:
            late = self._reason_to_skip(step)
            if late:
                return await _end(key, "skipped", late)
            await _as_task(key, work, options)
        return ended

    async def _attempt(self, step: Step, own: Scope) -> Result:
        """Do the work of a step once, in a task of its own that can be cancelled."""
        body: asyncio.Task[Outputs] = asyncio.ensure_future(_timed(step.work(own), step.timeout_s))
        bodies = self.bodies.setdefault(step.id, set())
        bodies.add(body)
        try:
            return Result("completed", "", await body)
        except StepFailed as error:
            return Result("failed", str(error), error.outputs)
        except TimeoutError:
            return Result("failed", f"timed out after {step.timeout_s or 0:g} s")
        except asyncio.CancelledError:
            if not (self.stopped or step.id in self.broken):
                raise
            return Result("cancelled", self.stopped or self.broken[step.id])
        except Exception as error:  # noqa: BLE001 - whatever the work raises ends the step
            return Result("failed", own.masked(f"{type(error).__name__}: {error}"))
        finally:
            bodies.discard(body)


async def _timed(work: Awaitable[Outputs], timeout_s: float | None) -> Outputs:
    async with asyncio.timeout(timeout_s):
        return await work


async def _as_task(name: str, work: Callable[[], Any], options: Mapping[str, Any]) -> None:
    run: Any = task(
        name=name.partition("[")[0],
        task_run_name=name,
        cache_policy=NO_CACHE,
        persist_result=False,
        **options,
    )(work)
    await run(return_state=True)


async def _end(name: str, state: str, reason: str) -> Result:
    """Show a step that does not run as a task run, named Skipped or failed with the reason."""

    async def work() -> Any:
        if state == "failed":
            return Failed(message=reason)
        return Completed(name="Skipped", message=reason)

    await _as_task(name, work, {})
    return Result(state, reason)
