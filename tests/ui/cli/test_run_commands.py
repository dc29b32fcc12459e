"""`luthier run`, `status`, `logs` and `cancel` as processes: documents and exit codes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

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


class Luthier:
    """The command line on the session's server and a database of the test's own."""

    def __init__(self, folder: Path, database: str, server: str) -> None:
        self.file = folder / "greet.toml"
        self.file.write_text(TEXT)
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "LUTHIER_"))},
            "LUTHIER_DATA_DIR": str(folder / "data"),
            "LUTHIER_DATABASE_URL": database,
            "PREFECT_API_URL": server,
        }

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, "-m", "prefect_luthier.ui.cli.main", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str, code: int = 0) -> tuple[str, str]:
        """Run a command to its end; return what it printed."""
        process = self.start(*arguments)
        stdout, stderr = process.communicate(timeout=120)
        assert process.returncode == code, stderr
        assert "Traceback" not in stderr
        return stdout, stderr

    def json(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Run a command with ``--json``; return its one document."""
        document: dict[str, Any] = json.loads(self(*arguments, "--json", code=code)[0])
        return document


@pytest.fixture
def luthier(tmp_path: Path, postgres_url: str, prefect_server: str) -> Luthier:
    """Give the command line."""
    return Luthier(tmp_path, postgres_url, prefect_server)


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


def test_run_prints_its_document_and_is_found_again(luthier):
    """The document has states, outputs and times; status and logs tell the same of the run."""
    document = luthier.json("run", str(luthier.file), "-p", "name=Ann's $HOME", "-p", "times=2")
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


def test_failed_run_exits_with_1_and_its_reason(luthier):
    """A person reads the reason on standard error; the document says the same."""
    _, stderr = luthier("run", str(luthier.file), "-p", "name=bad", code=1)
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
def test_wrong_use_is_one_document_and_an_exit_code(luthier, arguments, code, error):
    """Nothing runs; the error is JSON with a code, a message and advice."""
    filled = [word.format(file=luthier.file) for word in arguments]
    document = luthier.json(*filled, code=code)
    assert document["ok"] is False
    assert error in document["error"]["code"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "term"])
def test_interrupted_run_is_cancelled_and_leaves_nothing(luthier, number):
    """The run ends as cancelled, its processes are gone, and the exit code says so."""
    process = luthier.start("run", str(luthier.file), "-p", "name=slow", "--json")
    await_sleepers()
    process.send_signal(number)
    stdout, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert json.loads(stdout)["state"] == "cancelled"
    assert not sleepers()


def test_cancel_ends_a_run_in_another_process(luthier):
    """When `cancel` returns, the run is cancelled and nothing of it runs."""
    process = luthier.start("run", str(luthier.file), "-p", "name=slow", "--json")
    await_sleepers()
    workspaces = Path(luthier.environment["LUTHIER_DATA_DIR"]) / "workspaces"
    run_id = next(workspaces.iterdir()).name
    assert luthier.json("cancel", run_id[:8]) == {"run_id": run_id, "state": "cancelled"}
    assert not sleepers()
    stdout, _ = process.communicate(timeout=60)
    assert json.loads(stdout)["message"] == "Cancelled with `luthier cancel`."
    assert process.returncode == 130
