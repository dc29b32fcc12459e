"""What Prefect and the store know of a run, in the form in which the page shows it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterTags,
    LogFilter,
    LogFilterFlowRunId,
    TaskRunFilter,
    TaskRunFilterFlowRunId,
)
from prefect.client.schemas.objects import FlowRun, Log, State, TaskRun
from prefect.client.schemas.sorting import FlowRunSort, LogSort, TaskRunSort
from prefect.exceptions import ObjectNotFound
from prefect.states import Cancelling
from sqlmodel import Session

from prefect_luthier.deployments.register.payload import TAG
from prefect_luthier.deployments.register.prefect_api import open_prefect, prefect_api_url
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.definitions import load_definition
from prefect_luthier.deployments.store.runs import StepResult, step_results
from prefect_luthier.deployments.store.tables import RunRecord
from prefect_luthier.errors import UsageError
from prefect_luthier.settings import Settings
from prefect_luthier.ui.dag_picture import Mark

LOG_LINES = 200
_WHOLE_S, _MINUTE_S = 10, 60
_PAGE = 200
_LEVELS = ((40, "error"), (30, "warning"))


@dataclass(frozen=True)
class RunLine:
    """One run in the list."""

    id: str
    name: str
    workflow: str
    state: str
    message: str
    started: datetime | None
    duration_s: float
    url: str


@dataclass(frozen=True)
class StepLine:
    """How one task run of a step stands."""

    step: str
    index: int | None
    state: str
    reason: str
    duration_s: float


@dataclass(frozen=True)
class LogLine:
    """One line that a run wrote."""

    time: datetime
    level: str
    text: str


@dataclass(frozen=True)
class RunView:
    """Everything that the page shows of one run.

    Args:
        line: The run itself.
        parameters: What it was started with.
        text: The source of its definition, None when it is not stored.
        plan: What it executes, None before it has begun.
        steps: Its task runs.
        results: What is stored of its steps.
        files: The files it left behind: path, sha256.
        log: The last lines, oldest first.
    """

    line: RunLine
    parameters: dict[str, Any]
    text: str | None
    steps: Sequence[StepLine]
    results: Mapping[str, StepResult]
    files: Sequence[dict[str, Any]] = ()
    log: Sequence[LogLine] = ()
    plan: dict[str, Any] | None = None

    @property
    def is_over(self) -> bool:
        """Whether nothing will change any more."""
        return self.line.state in {"completed", "failed", "crashed", "cancelled"}


async def recent_runs(settings: Settings, limit: int = 25) -> list[RunLine]:
    """Return the newest runs of workflows, newest first."""
    soon = datetime.now(UTC) + timedelta(minutes=1)  # schedules fill a long future
    async with open_prefect(settings) as client:
        found = await client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                tags=FlowRunFilterTags(all_=[TAG]),
                expected_start_time=FlowRunFilterExpectedStartTime(before_=soon),
            ),
            sort=FlowRunSort.EXPECTED_START_TIME_DESC,
            limit=limit + 50,
        )
    known = [run for run in found if run.state and not run.state.is_scheduled()]
    known += [
        run for run in found if run.state and run.state.is_scheduled() and not run.auto_scheduled
    ]
    known.sort(key=_began, reverse=True)
    return [_line(run, settings) for run in known[:limit]]


async def start(settings: Settings, deployment_id: str, inputs: Mapping[str, Any]) -> str:
    """Start a run of a deployment and return its id.

    Raises:
        LuthierError: The server refuses the inputs (``prefect-refused``).
    """
    async with open_prefect(settings) as client:
        run = await client.create_flow_run_from_deployment(
            UUID(deployment_id), parameters={"inputs": dict(inputs)}
        )
    return str(run.id)


async def cancel(settings: Settings, run_id: str) -> None:
    """Ask for a run to be cancelled; its worker ends what it started."""
    async with open_prefect(settings) as client:
        await client.set_flow_run_state(UUID(run_id), Cancelling())


async def read(settings: Settings, run_id: str) -> RunView:
    """Return a run as it stands."""
    identity = UUID(run_id)
    async with open_prefect(settings) as client:
        try:
            run = await client.read_flow_run(identity)
        except ObjectNotFound as error:
            raise UsageError(
                "unknown-run", f"there is no run {run_id!r}.", "The list of runs shows those kept."
            ) from error
        tasks = await _task_runs(client, identity)
        log = await client.read_logs(
            LogFilter(flow_run_id=LogFilterFlowRunId(any_=[identity])),
            limit=LOG_LINES,
            sort=LogSort.TIMESTAMP_DESC,
        )
    stored = await asyncio.to_thread(_stored, settings, run)
    return RunView(
        line=_line(run, settings),
        parameters=dict((run.parameters or {}).get("inputs") or {}),
        text=stored.text,
        steps=[_step(task) for task in tasks],
        results=stored.results,
        files=stored.files,
        log=[_log_line(line) for line in reversed(log)],
        plan=stored.plan,
    )


async def _task_runs(client: PrefectClient, run_id: UUID) -> list[TaskRun]:
    found: list[TaskRun] = []
    while True:
        page = await client.read_task_runs(
            task_run_filter=TaskRunFilter(flow_run_id=TaskRunFilterFlowRunId(any_=[run_id])),
            sort=TaskRunSort.EXPECTED_START_TIME_ASC,
            limit=_PAGE,
            offset=len(found),
        )
        found += page
        if len(page) < _PAGE:
            return found


@dataclass(frozen=True)
class _Stored:
    text: str | None
    results: dict[str, StepResult]
    files: list[dict[str, Any]]
    plan: dict[str, Any] | None


def _stored(settings: Settings, run: FlowRun) -> _Stored:
    with Session(open_store(settings)) as session:
        record = session.get(RunRecord, run.id)
        named = str((run.parameters or {}).get("workflow", ""))
        workflow = record.workflow_id if record else named
        digest = record.definition_digest if record else (run.parameters or {}).get("digest")
        definition = load_definition(session, workflow, digest=digest)
        return _Stored(
            definition.text if definition else None,
            step_results(session, run.id),
            list(record.artifacts) if record else [],
            record.plan if record else None,
        )


def _line(run: FlowRun, settings: Settings) -> RunLine:
    address = prefect_api_url(settings).rstrip("/").removesuffix("/api")
    return RunLine(
        id=str(run.id),
        name=run.name,
        workflow=_workflow_name(str((run.parameters or {}).get("workflow", ""))),
        state=state_word(run.state),
        message=(run.state.message or "") if run.state else "",
        started=run.start_time,
        duration_s=_duration(run.start_time, run.end_time),
        url=f"{address}/runs/flow-run/{run.id}",
    )


def _workflow_name(workflow: str) -> str:
    """Return the id of a workflow, or the name of the file that was run."""
    return Path(workflow).name


def state_word(state: State[Any] | None) -> str:
    """Return one of the words that the picture knows for a Prefect state."""
    if state is None:
        return "pending"
    if state.name in {"Skipped", "Retrying", "AwaitingRetry"}:
        return "skipped" if state.name == "Skipped" else "running"
    word = state.type.value.lower()
    return {"scheduled": "pending", "cancelling": "running", "paused": "pending"}.get(word, word)


def _step(task: TaskRun) -> StepLine:
    step, index = _step_key(task.name)
    reason = (task.state.message or "") if task.state else ""
    return StepLine(
        step, index, state_word(task.state), reason, _duration(task.start_time, task.end_time)
    )


def _step_key(name: str) -> tuple[str, int | None]:
    match = re.fullmatch(r"(.+)\[(\d+)\]", name)
    return (match[1], int(match[2])) if match else (name, None)


def _duration(start: datetime | None, end: datetime | None) -> float:
    return ((end or datetime.now(UTC)) - start).total_seconds() if start else 0.0


def _began(run: FlowRun) -> datetime:
    return run.start_time or run.expected_start_time or datetime.min.replace(tzinfo=UTC)


def _log_line(line: Log) -> LogLine:
    level = next((name for number, name in _LEVELS if line.level >= number), "")
    return LogLine(line.timestamp, level, line.message)


def marks(view: RunView) -> dict[str, Mark]:
    """Return the state of every step for the picture; what Prefect has not yet, the store has."""
    found: dict[str, Mark] = {}
    items: dict[str, list[StepLine]] = {}
    for line in view.steps:
        if line.index is not None:
            items.setdefault(line.step, []).append(line)
        else:
            found[line.step] = Mark(line.state, duration_words(line.duration_s), line.reason)
    for step, lines in items.items():
        done = sum(line.state in {"completed", "skipped"} for line in lines)
        known = found.get(step)
        if known is None or known.state == "running":
            found[step] = Mark(_joint_state(lines), f"{done}/{len(lines)}")
    for result in view.results.values():
        known = found.get(result.step)
        if result.index is None and (known is None or known.state in {"pending", "running"}):
            note = _duration(result.started_at, result.ended_at) if result.started_at else 0.0
            found[result.step] = Mark(result.state, duration_words(note), result.reason)
    if view.is_over:
        found = {step: _ended(mark, view.line.state) for step, mark in found.items()}
    return found


def _joint_state(lines: Sequence[StepLine]) -> str:
    states = {line.state for line in lines}
    order = ("failed", "crashed", "running", "cancelled", "pending", "completed", "skipped")
    return next(state for state in order if state in states)


def _ended(mark: Mark, run_state: str) -> Mark:
    """Return a mark without a step that seems to run although its run has ended."""
    if mark.state != "running" or run_state == "completed":
        return mark
    return Mark(run_state, mark.note, mark.reason)


def duration_words(seconds: float) -> str:
    """Return a duration with as much precision as a person wants."""
    if seconds <= 0:
        return ""
    if seconds < 1:
        return f"{max(1, round(seconds * 1000))} ms"
    if seconds < _MINUTE_S:
        return f"{seconds:.1f} s" if seconds < _WHOLE_S else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), _MINUTE_S)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
