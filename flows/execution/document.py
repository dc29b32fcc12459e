"""The JSON document of a run, as the command line prints it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlmodel import Session

from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.runs import StepResult, step_results
from prefect_luthier.deployments.store.tables import RunRecord
from prefect_luthier.settings import Settings


def stored_document(settings: Settings, run_id: UUID) -> dict[str, Any] | None:
    """Return the document of a stored run; None when its plan was never stored.

    Raises:
        ServiceUnreachable: The database does not answer.
    """
    with Session(open_store(settings)) as session:
        record = session.get(RunRecord, run_id)
        if record is None:
            return None
        return run_document(
            str(run_id),
            record.state,
            record.message,
            record.plan,
            results=step_results(session, run_id),
            artifacts=record.artifacts,
        )


def duration_s(result: StepResult) -> float:
    """Return how long a step took, in seconds."""
    if result.started_at is None or result.ended_at is None:
        return 0.0
    return (result.ended_at - result.started_at).total_seconds()


def run_document(
    run_id: str,
    state: str,
    message: str,
    plan: Mapping[str, Any],
    *,
    results: Mapping[str, StepResult],
    artifacts: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """Return the JSON document of a run: its state, steps and artifacts.

    Args:
        run_id: The run.
        state: How it ended, or ``running``.
        message: Why it failed.
        plan: The plan as JSON, for the order of its steps.
        results: What is known of its steps, by name of the task run.
        artifacts: The files that were kept.
    """
    order = [str(step["id"]) for step in plan.get("steps", ())]
    ordered = [
        result
        for name in order
        for result in sorted(
            (r for r in results.values() if r.step == name),
            key=lambda r: -1 if r.index is None else r.index,
        )
    ]
    return {
        "run_id": run_id,
        "workflow": plan.get("workflow"),
        "version": plan.get("version"),
        "plan_digest": plan.get("digest"),
        "state": state,
        "message": message,
        "steps": [
            step_document(results[name]) if name in results else {"id": name, "state": "pending"}
            for name in order
        ],
        "items": [step_document(result) for result in ordered if result.index is not None],
        "artifacts": [dict(file) for file in artifacts],
    }


def step_document(result: StepResult) -> dict[str, Any]:
    """Return the JSON document of a step."""
    return {
        "id": result.key,
        "state": result.state,
        "reason": result.reason,
        "exit_code": result.exit_code,
        "attempts": result.attempt,
        "outputs": result.outputs,
        "duration_s": round(duration_s(result), 3),
    }
