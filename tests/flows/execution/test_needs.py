"""The rules that decide whether a step starts."""

from __future__ import annotations

import pytest

from prefect_luthier.deployments.definition.plan import PlannedStep
from prefect_luthier.deployments.store.runs import StepResult
from prefect_luthier.flows.execution.needs import Stop, is_handler, not_started, stops_run


def step(needs: tuple[str, ...] = ("a",), reads: tuple[str, ...] = ()) -> PlannedStep:
    """Return a step with these needs whose `when` reads these states."""
    return PlannedStep(id="x", name="x", needs=needs, reads_state_of=reads)


def ended(**states: str) -> dict[str, StepResult]:
    """Return results with these states."""
    return {name: StepResult(name, state, reason="why") for name, state in states.items()}


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        ("completed", None),
        ("failed", "needs `a`, which failed"),
        ("cancelled", "needs `a`, which was cancelled"),
        ("skipped", "needs `a`, which was skipped: why"),
    ],
)
def test_step_starts_only_after_a_need_that_completed(state, reason):
    """Any other end of a need skips the step, and says which need and how it ended."""
    assert not_started(step(), ended(a=state), None) == reason


@pytest.mark.parametrize("state", ["completed", "failed", "cancelled", "skipped"])
def test_when_that_reads_the_state_of_a_need_decides_alone(state):
    """The rule about needs does not apply to a need whose state the condition reads."""
    assert not_started(step(reads=("a",)), ended(a=state), None) is None


def test_other_needs_still_count_for_a_step_that_reads_one_state():
    """Reading the state of one need excuses that need only."""
    results = ended(a="failed", b="skipped")
    assert not_started(step(("a", "b"), ("a",)), results, None) == (
        "needs `b`, which was skipped: why"
    )


def test_after_a_failure_only_its_handlers_start():
    """A stop by failure skips every step except those that read a failed step's state."""
    stop = Stop("failed", "step `a` failed")
    results = ended(a="failed", b="completed")
    assert not_started(step(("b",)), results, stop) == "not started: step `a` failed"
    assert not_started(step(("b",), ("b",)), results, stop) == "not started: step `a` failed"
    assert not_started(step(("a",), ("a",)), results, stop) is None


@pytest.mark.parametrize("kind", ["cancelled", "timed-out"])
def test_after_a_cancellation_not_even_handlers_start(kind):
    """A person who cancels a run wants nothing more to happen."""
    assert not_started(step(reads=("a",)), ended(a="failed"), Stop(kind, "why")) is not None


def test_handler_reads_the_state_of_a_step_that_failed():
    """A step that reads the state of a completed step is no handler."""
    assert is_handler(step(reads=("a",)), ended(a="failed"))
    assert not is_handler(step(reads=("a",)), ended(a="completed"))
    assert not is_handler(step(reads=("a",)), {})


def test_only_a_failure_with_fail_fast_stops_the_run():
    """`continue`, and every other end of a step, lets the others go on."""
    fast = PlannedStep(id="a", name="a")
    assert stops_run(fast, StepResult("a", "failed"))
    assert not stops_run(fast, StepResult("a", "skipped"))
    assert not stops_run(
        fast.model_copy(update={"on_failure": "continue"}), StepResult("a", "failed")
    )
