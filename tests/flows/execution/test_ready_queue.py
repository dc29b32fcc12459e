"""The ready queue, without Prefect."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefect_luthier.deployments.definition.plan import PlannedStep
from prefect_luthier.deployments.store.runs import StepResult
from prefect_luthier.flows.execution.needs import Stop, not_started
from prefect_luthier.flows.execution.ready_queue import ReadyQueue


class Recorder:
    """Runs steps by noting them; some fail, some take long."""

    def __init__(self, steps: Iterable[PlannedStep], failing: Iterable[str] = ()) -> None:
        self.steps = list(steps)
        self.failing = set(failing)
        self.order: list[str] = []
        self.cancelled: list[str] = []
        self.running: dict[str, asyncio.Event] = {}
        self.slow: set[str] = set()
        self.results: dict[str, StepResult] = {}
        self.queue = ReadyQueue(self.steps, self.results, self.run_step, self.cancel)

    async def run_step(self, step: PlannedStep) -> StepResult:
        """Run a step."""
        reason = not_started(step, self.results, self.queue.stop)
        if reason:
            return StepResult(step.id, "skipped", reason=reason)
        assert all(need in self.results for need in step.needs)
        self.order.append(step.id)
        if step.id in self.slow:
            self.running[step.id] = asyncio.Event()
            await self.running[step.id].wait()
            return StepResult(step.id, "cancelled")
        await asyncio.sleep(0)
        return StepResult(step.id, "failed" if step.id in self.failing else "completed")

    def cancel(self, name: str, _stop: Stop) -> None:
        """End a slow step."""
        self.cancelled.append(name)
        self.running[name].set()


def planned(name: str, *needs: str, **fields: object) -> PlannedStep:
    """Return a step."""
    return PlannedStep.model_validate({"id": name, "name": name, "needs": needs, **fields})


@st.composite
def dags(draw: st.DrawFn) -> list[PlannedStep]:
    """Return steps in topological order with random needs."""
    count = draw(st.integers(1, 25))
    steps = []
    for number in range(count):
        needs = draw(st.sets(st.integers(0, number - 1), max_size=4)) if number else set()
        steps.append(planned(f"s{number}", *sorted(f"s{need}" for need in needs)))
    return steps


@given(dags(), st.data())
@settings(max_examples=60, deadline=None)
def test_every_step_runs_once_and_after_its_needs(steps, data):
    """Whatever the graph, and whichever steps are done already, nothing is lost or doubled."""
    names = [step.id for step in steps]
    # A step may be done while one of its needs is not: it handled that need's failure.
    done = data.draw(st.sets(st.sampled_from(names)))

    async def run() -> Recorder:
        recorder = Recorder(steps)
        recorder.results.update({name: StepResult(name, "completed") for name in done})
        recorder.queue = ReadyQueue(steps, recorder.results, recorder.run_step, recorder.cancel)
        await recorder.queue.run()
        return recorder

    recorder = asyncio.run(run())
    assert sorted(recorder.order) == sorted(set(names) - done)
    assert recorder.results.keys() == set(names)


@given(dags(), st.data())
@settings(max_examples=60, deadline=None)
def test_every_step_has_a_result_after_a_failure(steps, data):
    """A failure leaves no step without an end, and nothing that depends on it runs."""
    failing = data.draw(st.sets(st.sampled_from([step.id for step in steps]), min_size=1))
    continuing = [step.model_copy(update={"on_failure": "continue"}) for step in steps]
    recorder = Recorder(continuing, failing)
    asyncio.run(recorder.queue.run())
    assert recorder.results.keys() == {step.id for step in steps}
    for step in steps:
        if any(recorder.results[need].state != "completed" for need in step.needs):
            assert step.id not in recorder.order


async def test_failure_cancels_running_steps_but_not_handlers():
    """Fail-fast ends what runs; a handler of the failure goes on."""
    steps = [
        planned("slow"),
        planned("bad"),
        planned("handler", "bad", when="x", reads_state_of=("bad",)),
        planned("later", "slow"),
    ]
    recorder = Recorder(steps, ["bad"])
    recorder.slow = {"slow"}
    await recorder.queue.run()
    assert recorder.cancelled == ["slow"]
    assert recorder.results["handler"].state == "completed"
    assert recorder.results["later"].state == "skipped"


@pytest.mark.parametrize("kind", ["cancelled", "timed-out"])
async def test_stop_ends_running_steps_and_starts_no_others(kind):
    """After a cancellation the dependents of a running step get no result at all."""
    recorder = Recorder([planned("slow"), planned("next", "slow")])
    recorder.slow = {"slow"}
    running = asyncio.ensure_future(recorder.queue.run())
    await asyncio.sleep(0.01)
    recorder.queue.end(Stop(kind, "why"))
    await running
    assert recorder.order == ["slow"]
    assert recorder.results["slow"].state == "cancelled"
    assert "next" not in recorder.results


async def test_drain_waits_for_running_steps_through_another_cancellation():
    """What runs is awaited even if the caller is cancelled again."""
    recorder = Recorder([planned("slow")])
    recorder.slow = {"slow"}
    running = asyncio.ensure_future(recorder.queue.run())
    await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    draining = asyncio.ensure_future(recorder.queue.drain())
    await asyncio.sleep(0.01)
    draining.cancel()
    await asyncio.sleep(0.01)
    assert not draining.done()
    recorder.queue.end(Stop("cancelled", "why"))
    await draining
    assert recorder.results["slow"].state == "cancelled"
