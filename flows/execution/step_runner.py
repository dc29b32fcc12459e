"""From a ready step to its result: skip it, run it, or fan it out over a list."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from prefect_luthier.deployments.definition.expressions import evaluate
from prefect_luthier.deployments.definition.plan import PlannedStep
from prefect_luthier.deployments.store.runs import StepResult
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.execution.needs import UNSUCCESSFUL, Stop, not_started
from prefect_luthier.flows.execution.progress import StepEvent
from prefect_luthier.flows.execution.run import Run
from prefect_luthier.flows.execution.step_task import Unit, settle

MAX_ITEMS = 100_000
_MOST_NAMED_ITEMS = 5


class StepRunner:
    """Runs steps of one run.

    Args:
        run: The run.
        stop: Tells whether, and why, no further steps start.
    """

    def __init__(self, run: Run, stop: Callable[[], Stop | None]) -> None:
        self._run = run
        self._stop = stop
        self._units: dict[str, list[Unit]] = {}
        self._failed_items: dict[str, int] = {}

    async def run_step(self, step: PlannedStep) -> StepResult:
        """Run a step whose needs have ended; its result is stored when this returns."""
        try:
            result = await self._decide(step)
        except LuthierError as error:
            result = await self._failed_to_start(step, self._run.masker.text(str(error)))
        self._run.bindings.add(step, result)
        self._run.listener(StepEvent(step.id, result.state, result.reason))
        return result

    def cancel(self, name: str, stop: Stop) -> None:
        """End the units of a running step."""
        for unit in self._units.get(name, ()):
            unit.cancel(stop)

    async def _decide(self, step: PlannedStep) -> StepResult:
        reason = self._reason_to_skip(step)
        if reason is not None:
            return await settle(self._run, step, "skipped", reason)
        if step.foreach is not None:
            return await self._run_items(step)
        async with self._run.slots:
            late = not_started(step, self._run.results, self._stop())
            if late is None:
                return await self._run_unit(Unit(self._run, step, self._run.bindings.plain))
        return await settle(self._run, step, "skipped", late)

    def _reason_to_skip(self, step: PlannedStep) -> str | None:
        reason = not_started(step, self._run.results, self._stop())
        if reason is None and step.when is not None:
            value = evaluate(step.when, self._run.bindings.plain)
            if not isinstance(value, bool):
                raise LuthierError(
                    "bad-condition", f"`when` is {value!r}, which is neither true nor false."
                )
            if not value:
                return f"its condition is false: {step.when}"
        return reason

    async def _failed_to_start(self, step: PlannedStep, reason: str) -> StepResult:
        try:
            return await settle(self._run, step, "failed", reason)
        except LuthierError as error:  # the database is away for good
            return StepResult(step=step.id, state="failed", reason=f"{reason} {error}")

    async def _run_unit(self, unit: Unit) -> StepResult:
        name = unit.key.partition("[")[0]
        self._units.setdefault(name, []).append(unit)
        try:
            return await unit.run()
        finally:
            self._units[name].remove(unit)

    async def _run_items(self, step: PlannedStep) -> StepResult:
        items = evaluate(step.foreach or "", self._run.bindings.plain)
        if not isinstance(items, list):
            raise LuthierError(
                "foreach-no-list", f"`foreach` gives {type(items).__name__}, not a list."
            )
        if len(items) > MAX_ITEMS:
            raise LuthierError(
                "foreach-too-long", f"`foreach` gives {len(items)} items, more than {MAX_ITEMS}."
            )
        started_at = datetime.now(UTC)
        if not items:
            await settle(self._run, step, "completed", "the list is empty")
        found = await asyncio.gather(
            *(self._run_item(step, index, item) for index, item in enumerate(items))
        )
        result = replace(_combined(step, found), started_at=started_at)
        await self._run.store.record(result)
        return result

    async def _run_item(self, step: PlannedStep, index: int, item: Any) -> StepResult:
        earlier = self._run.finished_before(f"{step.id}[{index}]")
        if earlier is not None:
            return earlier
        async with self._run.slots:
            stop = self._stop() or self._item_stop(step)
            if stop is not None:
                return StepResult(
                    step=step.id, index=index, state="skipped", reason=f"not started: {stop.reason}"
                )
            bindings = self._run.bindings.of_item(index, item)
            unit = Unit(self._run, step, bindings, index)
            result = await self._run_unit(unit)
        self._run.listener(StepEvent(unit.key, result.state, result.reason))
        if result.state == "failed" and step.on_failure == "fail-fast":
            self._failed_items.setdefault(step.id, index)
            self.cancel(step.id, Stop("failed", f"item {index} of `{step.id}` failed"))
        return result

    def _item_stop(self, step: PlannedStep) -> Stop | None:
        index = self._failed_items.get(step.id)
        return None if index is None else Stop("failed", f"item {index} of `{step.id}` failed")


def _combined(step: PlannedStep, found: list[StepResult]) -> StepResult:
    """Return the result of a foreach step: completed when every item is."""
    failed = [result for result in found if result.state in UNSUCCESSFUL]
    outputs = {"items": [result.outputs for result in found]}
    ended_at = datetime.now(UTC)
    if not failed:
        skipped = [result for result in found if result.state == "skipped"]
        state, reason = ("failed", skipped[0].reason) if skipped else ("completed", "")
        return StepResult(step.id, state, reason=reason, outputs=outputs, ended_at=ended_at)
    shown = "; ".join(f"[{r.index}] {r.reason}" for r in failed[:_MOST_NAMED_ITEMS])
    more = (
        f"; and {len(failed) - _MOST_NAMED_ITEMS} more" if len(failed) > _MOST_NAMED_ITEMS else ""
    )
    return StepResult(
        step.id,
        "failed",
        reason=f"{len(failed)} of {len(found)} items failed: {shown}{more}",
        outputs=outputs,
        ended_at=ended_at,
    )
