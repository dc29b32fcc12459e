"""The rules that decide whether a step starts. Pure: no clock, no Prefect, no database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from prefect_luthier.deployments.definition.plan import PlannedStep
from prefect_luthier.deployments.store.runs import StepResult

# A cancelled step reads as `failed` in expressions.
UNSUCCESSFUL = frozenset({"failed", "cancelled"})

StopKind = Literal["failed", "cancelled", "timed-out"]


@dataclass(frozen=True)
class Stop:
    """Why a run starts no further steps."""

    kind: StopKind
    reason: str


def not_started(
    step: PlannedStep, results: Mapping[str, StepResult], stop: Stop | None
) -> str | None:
    """Return why ``step``, whose needs have all ended, is skipped; None when it may start.

    A need that failed or was skipped skips the step, unless its `when` reads that need's state:
    then `when` alone decides. After a failure that stops the run only handlers start, the steps
    whose `when` reads the state of a failed step; after a cancellation nothing does.

    Args:
        step: The step.
        results: How the steps ended that have ended.
        stop: Set once the run is to start no further steps.
    """
    if stop and not (stop.kind == "failed" and is_handler(step, results)):
        return f"not started: {stop.reason}"
    for need in step.needs:
        result = results[need]
        if need in step.reads_state_of or result.state == "completed":
            continue
        if result.state == "skipped":
            return f"needs `{need}`, which was skipped: {result.reason}"
        verb = "was " if result.state == "cancelled" else ""
        return f"needs `{need}`, which {verb}{result.state}"
    return None


def is_handler(step: PlannedStep, results: Mapping[str, StepResult]) -> bool:
    """Return whether the step's `when` reads the state of a step that failed."""
    ended = [results[name] for name in step.reads_state_of if name in results]
    return any(result.state in UNSUCCESSFUL for result in ended)


def stops_run(step: PlannedStep, result: StepResult) -> bool:
    """Return whether this result ends the run for other steps."""
    return result.state == "failed" and step.on_failure == "fail-fast"
