"""Storing runs and the results of their steps, so that a run can be continued."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import inspect, text
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlmodel import Session, col, delete, select

from prefect_luthier.blocks.columns import now
from prefect_luthier.blocks.identifiers import find_by_prefix
from prefect_luthier.canonical import jsonable, storable_text
from prefect_luthier.deployments.definition.plan import Plan
from prefect_luthier.deployments.store.tables import RunRecord, StepRow
from prefect_luthier.errors import LuthierError

LOST = "its process ended without a word"
"""What there is to say of a run that is lost."""


@dataclass(frozen=True)
class StepResult:
    """How a step, or one item of a foreach step, ended.

    Args:
        step: The step's id.
        index: Position in a foreach, None for a plain step.
        state: ``completed``, ``failed``, ``skipped`` or ``cancelled``.
        reason: Why it failed or was skipped.
        artifacts: Files it left: id, path, sha256, size.
    """

    step: str
    state: str
    index: int | None = None
    reason: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)
    exit_code: int | None = None
    attempt: int = 1
    started_at: datetime | None = None
    ended_at: datetime | None = None
    stdout_sha256: str | None = None
    stderr_sha256: str | None = None
    artifacts: list[dict[str, Any]] = field(default_factory=list)

    @property
    def key(self) -> str:
        """The name of its task run: ``step`` or ``step[index]``."""
        return self.step if self.index is None else f"{self.step}[{self.index}]"


@dataclass(frozen=True)
class Parent:
    """The step of another run that starts a run."""

    run_id: UUID
    step: str


def start_run(
    session: Session, run_id: UUID, plan: Plan, actor: str, parent: Parent | None = None
) -> RunRecord:
    """Store the plan of a run, or take up the run that is stored under this id.

    Raises:
        LuthierError: The stored run has another plan (``plan-changed``).
    """
    values = RunRecord(
        run_id=run_id,
        workflow_id=plan.workflow,
        version=plan.version,
        definition_digest=plan.definition_digest,
        plan_digest=plan.digest,
        plan=plan.to_json(),
        actor=actor,
        parent_run=parent.run_id if parent else None,
        parent_step=parent.step if parent else None,
    ).model_dump()
    session.execute(insert(RunRecord).values(values).on_conflict_do_nothing())
    record = session.exec(
        select(RunRecord).where(RunRecord.run_id == run_id).with_for_update()
    ).one()
    if record.plan_digest != plan.digest:
        raise LuthierError(
            "plan-changed",
            f"run {run_id} was started with plan {record.plan_digest[:19]}, "
            f"and the plan is now {plan.digest[:19]}.",
            "Its finished steps cannot be reused: start a new run.",
        )
    record.state, record.message, record.ended_at = "running", "", None
    session.add(record)
    return record


def step_results(session: Session, run_id: UUID) -> dict[str, StepResult]:
    """Return what is stored of a run's steps, by the name of their task run."""
    rows = session.exec(select(StepRow).where(StepRow.run_id == run_id))
    return {result.key: result for result in map(_result, rows)}


def record_step(session: Session, run_id: UUID, result: StepResult) -> None:
    """Store how a step ended; a later attempt replaces an earlier one."""
    record_steps(session, run_id, [result])


def record_steps(session: Session, run_id: UUID, results: Sequence[StepResult]) -> None:
    """Store how several steps ended, in one statement."""
    # The connection, not the session: the latter looks at each row for its unit of work.
    rows = [_values(run_id, result) for result in results]
    session.connection().execute(_UPSERT, rows)


def _values(run_id: UUID, result: StepResult) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "step": result.step,
        "item": -1 if result.index is None else result.index,
        "state": result.state,
        "reason": storable_text(result.reason),
        "outputs": jsonable(result.outputs),
        "exit_code": result.exit_code,
        "attempt": result.attempt,
        "started_at": result.started_at,
        "ended_at": result.ended_at,
        "stdout_sha256": result.stdout_sha256,
        "stderr_sha256": result.stderr_sha256,
        "artifacts": result.artifacts,
    }


def _upsert() -> Insert:
    key = ("run_id", "step", "item")
    statement = insert(StepRow)
    names = [column.name for column in inspect(StepRow).columns if column.name not in key]
    return statement.on_conflict_do_update(
        index_elements=key, set_={name: statement.excluded[name] for name in names}
    )


_UPSERT = _upsert()


def earlier_try(session: Session, run: RunRecord) -> UUID | None:
    """Return the newest other run that the same step started with the same plan, if any."""
    if run.parent_run is None:
        return None
    query = (
        select(RunRecord.run_id)
        .where(
            RunRecord.parent_run == run.parent_run,
            RunRecord.parent_step == run.parent_step,
            RunRecord.plan_digest == run.plan_digest,
            RunRecord.run_id != run.run_id,
        )
        .order_by(col(RunRecord.created_at).desc())
        .limit(1)
    )
    return session.exec(query).first()


def adopt_steps(session: Session, source: UUID, target: UUID) -> None:
    """Let a run begin with the completed steps of another run of the same plan.

    Raises:
        LuthierError: The plans differ (``plan-changed``).
    """
    runs = [session.get_one(RunRecord, run_id) for run_id in (source, target)]
    if runs[0].plan_digest != runs[1].plan_digest:
        raise LuthierError(
            "plan-changed",
            f"run {source} has another plan than run {target}.",
            "Its finished steps cannot be reused: start a new run.",
        )
    done = select(StepRow).where(StepRow.run_id == source, StepRow.state == "completed")
    for row in session.exec(done):
        values = row.model_dump() | {"run_id": target}
        session.execute(insert(StepRow).values(values).on_conflict_do_nothing())


def lock_run(session: Session, run_id: UUID) -> bool:
    """Take the lock of a run for this connection, which keeps it until it ends.

    Returns:
        Whether it was free: False when another process executes the run.
    """
    key = int.from_bytes(hashlib.sha256(run_id.bytes).digest()[:8], signed=True)
    return bool(session.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": key}).scalar())


def is_active(session: Session, run_id: UUID) -> bool:
    """Return whether a process executes the run at this moment."""
    key = int.from_bytes(hashlib.sha256(run_id.bytes).digest()[:8], signed=True)
    free = session.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": key}).scalar()
    session.rollback()
    return not free


def is_lost(session: Session, record: RunRecord) -> bool:
    """Return whether a run is stored as running although its process is gone."""
    return record.state == "running" and not is_active(session, record.run_id)


def forget_run(session: Session, run_id: UUID) -> None:
    """Drop the plan and results of a run, so that it starts from its first step."""
    session.execute(delete(RunRecord).where(col(RunRecord.run_id) == run_id))


def finish_run(
    session: Session,
    run_id: UUID,
    state: str,
    message: str = "",
    artifacts: Sequence[dict[str, Any]] = (),
) -> None:
    """Store how a run ended: ``completed``, ``failed``, ``cancelled`` or ``crashed``."""
    record = session.get(RunRecord, run_id)
    if record is not None:
        record.state, record.message, record.ended_at = state, storable_text(message), now()
        record.artifacts = jsonable(list(artifacts))
        session.add(record)


def find_run(session: Session, run_id: str) -> RunRecord:
    """Return the run with this id, or the one whose id starts with it.

    Raises:
        UsageError: None fits (``unknown-run``), or more than one does (``ambiguous-id``).
    """
    return find_by_prefix(
        session,
        RunRecord,
        run_id,
        thing="run",
        advice="`luthier runs` lists the newest.",
        column="run_id",
    )


def recent_runs(
    session: Session, limit: int = 20, workflow_id: str | None = None
) -> list[RunRecord]:
    """Return the newest runs, newest first, without those that a step of another run started."""
    query = select(RunRecord).where(col(RunRecord.parent_run).is_(None))
    if workflow_id is not None:
        query = query.where(RunRecord.workflow_id == workflow_id)
    return list(session.exec(query.order_by(col(RunRecord.created_at).desc()).limit(limit)))


def _result(row: StepRow) -> StepResult:
    return StepResult(
        step=row.step,
        state=row.state,
        index=None if row.item < 0 else row.item,
        reason=row.reason,
        outputs=row.outputs,
        exit_code=row.exit_code,
        attempt=row.attempt,
        started_at=row.started_at,
        ended_at=row.ended_at,
        stdout_sha256=row.stdout_sha256,
        stderr_sha256=row.stderr_sha256,
        artifacts=row.artifacts,
    )
