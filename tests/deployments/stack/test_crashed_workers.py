"""SIGKILL in mid-run on the real stack: of the worker, and of the worker with its flow.

The workflow waits in its second step for a file, so that a kill always falls into the same place.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

pytestmark = pytest.mark.stack

DEFINITION = """
schema = 1
id = "worker-crash"
version = "1.0.0"
[parameters.folder]
type = "path"
required = true
[steps.first]
run = "cd ${{ params.folder }} && echo first >> trace"
[steps.waiting]
needs = ["first"]
run = "cd ${{ params.folder }} && echo waiting >> trace; until test -e go; do sleep 0.1; done"
[steps.last]
needs = ["waiting"]
run = "cd ${{ params.folder }} && echo last >> trace"
"""


@dataclass(frozen=True)
class WatchedRun:
    """A run by the worker that a `luthier run` watches; its steps write into ``folder``."""

    stack: Any
    folder: Path
    command: subprocess.Popen[str]
    run_id: str

    def traced(self) -> list[str]:
        """Return the steps that have begun, in order."""
        trace = self.folder / "trace"
        return trace.read_text().split() if trace.exists() else []

    def go(self) -> None:
        """Let the waiting step end."""
        (self.folder / "go").touch()

    def ended(self) -> tuple[int, dict[str, Any]]:
        """Return the exit code and the document of the command that watches."""
        stdout, stderr = self.command.communicate(timeout=60)
        assert stdout, stderr
        return self.command.returncode, json.loads(stdout)

    def step_processes(self) -> list[psutil.Process]:
        """Return what the steps have started and is still alive."""
        folder = str(self.folder)
        found = psutil.process_iter(["cmdline", "status"])
        return [
            process
            for process in found
            if any(folder in word for word in process.info["cmdline"] or ())
            and process.pid != self.command.pid
            and process.info["status"] != psutil.STATUS_ZOMBIE
        ]


@pytest.fixture(scope="module")
def registered(stack: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Give the running stack with the workflow registered."""
    stack.up()
    file = tmp_path_factory.mktemp("definitions") / "worker-crash.toml"
    file.write_text(DEFINITION)
    done = stack.luthier("register", str(file))
    assert done.returncode == 0, done.stderr
    return stack


@pytest.fixture
def start(registered: Any, tmp_path: Path) -> Iterator[Callable[[], WatchedRun]]:
    """Give a function that starts a run and returns when its second step waits."""
    commands: list[subprocess.Popen[str]] = []

    def run() -> WatchedRun:
        command = subprocess.Popen(
            registered.argv("run", "worker-crash", "-p", f"folder={tmp_path}", "--json"),
            env=registered.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        commands.append(command)
        assert command.stderr is not None
        line = next((line for line in command.stderr if line.startswith("run ")), "")
        assert line, "the command ended before it had started a run"
        watched = WatchedRun(registered, tmp_path, command, line.split()[1])
        assert registered.eventually(lambda: watched.traced() == ["first", "waiting"], 30)
        return watched

    yield run
    for command in commands:
        command.kill()
        command.communicate()


def test_a_run_completes_without_the_worker_that_started_it(
    start: Callable[[], WatchedRun],
) -> None:
    """SIGKILL of the worker: it comes back, the run goes on, and each step runs once."""
    run = start()
    pids, worker = run.stack.run_pids(run.run_id), run.stack.pid("worker")
    os.kill(worker, signal.SIGKILL)
    assert run.stack.eventually(lambda: run.stack.pid("worker") != worker)
    assert run.stack.run_pids(run.run_id) == pids
    run.go()
    code, document = run.ended()
    assert (code, document["state"]) == (0, "completed")
    assert {step["state"] for step in document["steps"]} == {"completed"}
    assert run.traced() == ["first", "waiting", "last"]
    assert run.step_processes() == []


def test_a_run_that_died_with_its_worker_ends_and_is_resumed(
    start: Callable[[], WatchedRun],
) -> None:
    """SIGKILL of both: the run crashes with its reason; resuming it runs what had not finished."""
    run = start()
    for pid in [run.stack.pid("worker"), *run.stack.run_pids(run.run_id)]:
        os.kill(pid, signal.SIGKILL)
    code, document = run.ended()
    assert (code, document["state"]) == (1, "crashed")
    assert "has ended without a result" in document["message"]
    assert run.stack.run_state(run.run_id)["type"] == "CRASHED"
    assert run.stack.eventually(lambda: not run.step_processes())
    run.go()
    resumed = run.stack.luthier("resume", run.run_id, "--json")
    assert resumed.returncode == 0, resumed.stderr
    document = json.loads(resumed.stdout)
    assert document["run_id"] == run.run_id
    assert document["state"] == "completed"
    assert run.traced() == ["first", "waiting", "waiting", "last"]
    assert run.stack.run_state(run.run_id)["type"] == "COMPLETED"
