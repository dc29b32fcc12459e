"""How a run stands, from what Prefect and the store know."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State, StateType

from prefect_luthier.deployments.store.runs import StepResult
from prefect_luthier.settings import load_settings
from prefect_luthier.ui.builder.run_reading import (
    RunLine,
    RunView,
    StepLine,
    duration_words,
    marks,
    recent_runs,
    state_word,
)
from prefect_luthier.ui.dag_picture import Mark

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def view(*steps: StepLine, state: str = "running", results: tuple[StepResult, ...] = ()) -> RunView:
    line = RunLine("id", "name", "digest", state, "", NOON, 5.0, "http://prefect/run")
    return RunView(line, {}, None, steps, {result.key: result for result in results})


async def test_runs_to_come_do_not_hide_those_that_were(
    prefect_api: str, clean_environment: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Schedules fill the future with more runs than are read; the list shows what ran."""
    monkeypatch.setenv("PREFECT_API_URL", prefect_api)
    async with get_client() as client:
        flow_id = await client.create_flow_from_name("listed")
        body = {
            "flow_id": str(flow_id),
            "tags": ["luthier"],
            "parameters": {"workflow": "/a/b.toml"},
        }
        ran = await client._client.post("/flow_runs/", json=body | {"state": {"type": "COMPLETED"}})
        for minutes in range(80):
            when = datetime.now(UTC) + timedelta(minutes=2 + minutes)
            details = {"scheduled_time": when.isoformat()}
            state = {"type": "SCHEDULED", "state_details": details}
            await client._client.post("/flow_runs/", json=body | {"state": state})
    lines = {line.id: line for line in await recent_runs(load_settings())}
    assert lines[ran.json()["id"]].workflow == "b.toml"
    assert all(line.state != "pending" for line in lines.values())


def test_a_plain_step_has_its_task_runs_state() -> None:
    """State, duration and reason as Prefect has them."""
    found = marks(view(StepLine("a", None, "failed", "exit code 1", 2.5)))
    assert found == {"a": Mark("failed", "2.5 s", "exit code 1")}


def test_a_loop_counts_its_items() -> None:
    """One item that runs keeps the loop running; what is done is counted."""
    items = [StepLine("a", n, "completed" if n < 3 else "running", "", 1.0) for n in range(5)]
    assert marks(view(*items)) == {"a": Mark("running", "3/5")}


def test_a_failed_item_marks_the_loop() -> None:
    """Of several states the worst shows."""
    items = [StepLine("a", 0, "completed", "", 1.0), StepLine("a", 1, "failed", "", 1.0)]
    assert marks(view(*items))["a"].state == "failed"


def test_the_store_fills_what_prefect_does_not_have_yet() -> None:
    """The server writes task runs with a delay, and the store does not."""
    stored = StepResult("a", "completed", started_at=NOON, ended_at=NOON + timedelta(seconds=3))
    found = marks(view(StepLine("a", None, "running", "", 9.0), results=(stored,)))
    assert found == {"a": Mark("completed", "3.0 s")}


@pytest.mark.parametrize("ended", ["failed", "crashed", "cancelled"])
def test_no_step_seems_to_run_after_the_end(ended: str) -> None:
    """A step that was cut off by the end of its run ended with it."""
    found = marks(view(StepLine("a", None, "running", "", 9.0), state=ended))
    assert found["a"].state == ended


@pytest.mark.parametrize(
    ("kind", "name", "word"),
    [
        (StateType.COMPLETED, "Completed", "completed"),
        (StateType.COMPLETED, "Skipped", "skipped"),
        (StateType.SCHEDULED, "AwaitingRetry", "running"),
        (StateType.SCHEDULED, "Late", "pending"),
        (StateType.FAILED, "TimedOut", "failed"),
        (StateType.CANCELLING, "Cancelling", "running"),
    ],
    ids=str,
)
def test_prefects_states_become_words(kind: StateType, name: str, word: str) -> None:
    """Each state that a run or a step can have is one that the picture knows."""
    assert state_word(State(type=kind, name=name)) == word


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, ""), (0.0004, "1 ms"), (0.25, "250 ms"), (4.26, "4.3 s"), (59, "59 s"),
     (61, "1 min 1 s"), (7300, "2 h 1 min")],
)  # fmt: skip
def test_durations_are_as_precise_as_useful(seconds: float, words: str) -> None:
    """Milliseconds below a second, no seconds above an hour."""
    assert duration_words(seconds) == words
