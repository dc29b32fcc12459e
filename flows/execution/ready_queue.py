"""The ready queue: starts each step when its needs have ended, at most so many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

from prefect_luthier.deployments.definition.plan import PlannedStep
from prefect_luthier.deployments.store.runs import StepResult
from prefect_luthier.flows.execution.needs import Stop, is_handler, stops_run

RunStep = Callable[[PlannedStep], Awaitable[StepResult]]
CancelStep = Callable[[str, Stop], None]


class ReadyQueue:
    """Runs the steps of a plan in the order of their needs.

    A step that waits for its needs is a number in a table; it holds no thread and no task.

    Args:
        steps: The steps, in topological order.
        results: Results of steps that ended in an earlier attempt; they do not run again. The
            results of the others are added here as they end.
        run_step: Runs one step to its end; it must not raise.
        cancel_step: Ends a running step, which then ends as failed.
    """

    def __init__(
        self,
        steps: Iterable[PlannedStep],
        results: dict[str, StepResult],
        run_step: RunStep,
        cancel_step: CancelStep,
    ) -> None:
        self._steps = {step.id: step for step in steps}
        self._results = results
        self._run_step = run_step
        self._cancel_step = cancel_step
        self._dependents: dict[str, list[str]] = {name: [] for name in self._steps}
        self._open_needs: dict[str, int] = {}
        self._running: dict[asyncio.Task[StepResult], str] = {}
        self.stop: Stop | None = None
        for step in self._steps.values():
            needs = set(step.needs) - results.keys()
            self._open_needs[step.id] = len(needs)
            for need in needs:
                self._dependents[need].append(step.id)

    @property
    def results(self) -> Mapping[str, StepResult]:
        """How the steps ended that have ended."""
        return self._results

    async def run(self) -> None:
        """Run everything that can run; unless it was cancelled, every step then has a result."""
        for name, count in self._open_needs.items():
            if count == 0 and name not in self._results:
                self._start(name)
        while self._running:
            done, _ = await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                self._take(self._running.pop(task), task.result())

    async def drain(self) -> None:
        """Wait for the running steps to end, even if the caller is cancelled meanwhile."""
        while self._running:
            waiting = asyncio.ensure_future(asyncio.wait(self._running))
            while not waiting.done():
                try:
                    await asyncio.shield(waiting)
                except asyncio.CancelledError:
                    continue
            for task in [task for task in self._running if task.done()]:
                name = self._running.pop(task)
                if not task.cancelled() and not task.exception():
                    self._results[name] = task.result()

    def end(self, stop: Stop) -> None:
        """Start no further step, and end the running ones (but not handlers of a failure)."""
        if self.stop and self.stop.kind != "failed":
            return
        self.stop = stop
        for name in self._running.values():
            if stop.kind == "failed" and is_handler(self._steps[name], self._results):
                continue
            self._cancel_step(name, stop)

    def _start(self, name: str) -> None:
        task = asyncio.ensure_future(self._run_step(self._steps[name]))
        self._running[task] = name

    def _take(self, name: str, result: StepResult) -> None:
        self._results[name] = result
        if stops_run(self._steps[name], result) and not self.stop:
            self.end(Stop("failed", f"step `{name}` failed"))
        if self.stop and self.stop.kind != "failed":
            return
        for dependent in self._dependents[name]:
            self._open_needs[dependent] -= 1
            # A handler may have ended in an earlier attempt, and the failure it handled not.
            if self._open_needs[dependent] == 0 and dependent not in self._results:
                self._start(dependent)
