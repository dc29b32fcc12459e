"""`luthier run`, `status`, `logs` and `cancel` as processes: documents and exit codes."""

from __future__ import annotations

import json
import signal
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from prefect_luthier.deployments.store.tables import RunRecord

TEXT = """
schema = 1
id = "greet"
version = "1.0.0"
[parameters.name]
type = "string"
required = true
[parameters.times]
type = "integer"
default = 1
[steps.hello]
run = "echo hello ${{ params.name }} $((${{ params.times }} + 1))"
[steps.slow]
needs = ["hello"]
when = "params.name == 'slow'"
run = "echo started; sleep 81.375"
[steps.fails]
needs = ["hello"]
when = "params.name == 'bad'"
run = "echo broken >&2; exit 5"
"""


@pytest.fixture
def greet(tmp_path: Path) -> str:
    """Give the path of the definition."""
    path = tmp_path / "greet.toml"
    path.write_text(TEXT)
    return str(path)


def sleepers() -> list[int]:
    """Return the processes of the slow step."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline", "status"])
        if any("81.375" in word for word in process.info["cmdline"] or ())
        and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def await_sleepers() -> None:
    """Wait until the slow step runs."""
    deadline = time.monotonic() + 60
    while not sleepers():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_run_prints_its_document_and_is_found_again(luthier, greet):
    """The document has states, outputs and times; status and logs tell the same of the run."""
    document = luthier.json("run", greet, "-p", "name=Ann's $HOME", "-p", "times=2")
    assert document["state"] == "completed"
    steps = {step["id"]: step for step in document["steps"]}
    assert steps["hello"]["outputs"]["stdout"] == "hello Ann's $HOME 3"
    assert steps["hello"]["exit_code"] == 0
    assert steps["hello"]["duration_s"] > 0
    assert steps["slow"]["state"] == "skipped"

    status = luthier.json("status", document["run_id"][:8])
    assert status["steps"] == document["steps"]
    assert Path(status["workspace"]).is_dir()
    logs = luthier.json("logs", document["run_id"][:8], "--step", "hello")
    assert "hello Ann's $HOME 3" in [line["message"] for line in logs["lines"]]
    raw, _ = luthier("logs", document["run_id"][:8], "--raw")
    assert raw.splitlines() == ["hello | hello Ann's $HOME 3"]
    assert document["run_id"][:8] in luthier("runs")[0]


def test_the_newest_runs_are_listed(luthier, session):
    """They are newest first, those of one workflow on demand; a lost one does not seem to run."""
    begun = datetime(2026, 1, 1, 7, tzinfo=UTC)
    for day, workflow in enumerate(("digest", "report", "digest")):
        session.add(
            RunRecord(
                run_id=uuid4(),
                workflow_id=workflow,
                version=f"1.0.{day}",
                definition_digest="d",
                plan_digest="p",
                plan={},
                actor="ann",
                state="failed" if day == 0 else "running",
                message="step `a` failed\nand more" if day == 0 else "",
                created_at=begun + timedelta(days=day),
            )
        )
    session.commit()
    found = luthier.json("runs")["runs"]
    assert [run["version"] for run in found] == ["1.0.2", "1.0.1", "1.0.0"]
    assert [run["state"] for run in found] == ["crashed", "crashed", "failed"]
    assert [run["version"] for run in luthier.json("runs", "digest", "--limit", "1")["runs"]] == [
        "1.0.2"
    ]
    first = luthier("runs", "digest")[0].splitlines()[-1]
    assert first.endswith("failed     digest 1.0.0: step `a` failed")
    assert "there are no such runs" in luthier("runs", "other")[1]


def test_failed_run_exits_with_1_and_its_reason(luthier, greet):
    """A person reads the reason on standard error; the document says the same."""
    _, stderr = luthier("run", greet, "-p", "name=bad", code=1)
    assert "step `fails` failed: exit code 5: broken" in stderr
    assert "luthier resume" in stderr


@pytest.mark.parametrize(
    ("arguments", "code", "error"),
    [
        (("run", "nowhere.toml", "-p", "name=x"), 2, "unreadable"),
        (("run", "no-such-workflow"), 2, "unknown-workflow"),
        (("run", "{file}"), 1, "invalid-definition"),
        (("run", "{file}", "-p", "name=x", "-p", "nmae=y"), 1, "invalid-definition"),
        (("run", "{file}", "-p", "name=x", "-p", "times=many"), 1, "invalid-definition"),
        (("run", "{file}", "-p", "name"), 2, "bad-parameter"),
        (("status", "deadbeef"), 2, "unknown-run"),
        (("logs", "deadbeef"), 2, "unknown-run"),
        (("cancel", "xyz"), 2, "unknown-run"),
        (("resume", "deadbeef"), 2, "unknown-run"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else str(value),
)
def test_wrong_use_is_one_document_and_an_exit_code(luthier, greet, arguments, code, error):
    """Nothing runs; the error is JSON with a code, a message and advice."""
    filled = [word.format(file=greet) for word in arguments]
    document = luthier.json(*filled, code=code)
    assert document["ok"] is False
    assert error in document["error"]["code"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "term"])
def test_interrupted_run_is_cancelled_and_leaves_nothing(luthier, greet, number):
    """The run ends as cancelled, its processes are gone, and the exit code says so."""
    process = luthier.start("run", greet, "-p", "name=slow", "--json")
    await_sleepers()
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert json.loads(stdout)["state"] == "cancelled"
    assert not sleepers()


def test_cancel_ends_a_run_in_another_process(luthier, greet):
    """When `cancel` returns, the run is cancelled and nothing of it runs."""
    process = luthier.start("run", greet, "-p", "name=slow", "--json")
    await_sleepers()
    workspaces = Path(luthier.environment["LUTHIER_DATA_DIR"]) / "workspaces"
    run_id = next(workspaces.iterdir()).name
    assert luthier.json("cancel", run_id[:8]) == {"run_id": run_id, "state": "cancelled"}
    assert not sleepers()
    stdout, _ = process.communicate(timeout=60)
    assert json.loads(stdout)["message"] == "Cancelled with `luthier cancel`."
    assert process.returncode == 130
