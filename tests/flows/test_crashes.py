"""Runs whose process, server or database is killed: they end, and go on where they were."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

STEPS = """
schema = 1
id = "crash"
version = "1.0.0"
parallel = 3
[steps.first]
run = "echo first >> {trace}"
[steps.long]
needs = ["first"]
run = "echo long >> {trace}; sleep {long_s}"
[steps.items]
needs = ["long"]
foreach = "[1, 2, 3, 4, 5, 6]"
run = "echo item${{{{ item }}}} >> {trace}; sleep 0.4"
[steps.last]
needs = ["items"]
run = "echo last >> {trace}"
"""


class Traced:
    """A definition whose steps write down that they ran, and the command line to run it."""

    def __init__(self, folder: Path, luthier: Any) -> None:
        self.folder = folder
        self.trace = folder / "trace"
        self.start = luthier.start
        self.json = luthier.json

    def write(self, long_s: float) -> str:
        """Write the definition; return its path."""
        path = self.folder / "crash.toml"
        path.write_text(STEPS.format(trace=self.trace, long_s=long_s))
        return str(path)

    def traced(self) -> list[str]:
        """Return what the steps wrote, in order."""
        return self.trace.read_text().split() if self.trace.exists() else []

    def await_traced(self, line: str, times: int = 1) -> None:
        """Wait until a step has written its line."""
        deadline = time.monotonic() + 60
        while self.traced().count(line) < times:
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def newest_run(self) -> str:
        """Return the id of the newest run, from the folder it made."""
        folders = list((self.folder / "data" / "workspaces").iterdir())
        return max(folders, key=lambda folder: folder.stat().st_mtime).name


@pytest.fixture
def cli(tmp_path: Path, luthier: Any) -> Traced:
    """Give the definition with the session's server and a database of the test's own."""
    return Traced(tmp_path, luthier)


def processes_with(text: str) -> list[int]:
    """Return the living processes whose command line holds ``text``."""
    found = []
    for process in psutil.process_iter(["cmdline", "status"]):
        words = process.info["cmdline"] or ()
        if any(text in word for word in words) and process.info["status"] != "zombie":
            found.append(process.pid)
    return found


def test_killed_run_leaves_no_process_and_resumes(cli):
    """SIGKILL in mid-run: children end, the state is told, and no finished step runs again."""
    process = cli.start("run", cli.write(71.125))
    cli.await_traced("long")
    run_id = cli.newest_run()
    refused = cli.json("resume", run_id[:8], code=1)
    assert refused["error"]["code"] == "run-active"
    process.kill()
    process.communicate(timeout=10)
    deadline = time.monotonic() + 8
    while processes_with("71.125") and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not processes_with("71.125")
    status = cli.json("status", run_id[:8])
    assert status["state"] == "crashed"
    assert {s["id"]: s["state"] for s in status["steps"]}["first"] == "completed"

    cli.write(71.25)
    changed = cli.json("resume", run_id[:8], code=1)
    assert "the plan is now" in changed["message"]

    cli.write(71.125)
    resuming = cli.start("resume", run_id[:8])
    cli.await_traced("long", times=2)
    for pid in processes_with("71.125"):
        if "sleep" in psutil.Process(pid).cmdline()[0]:
            os.kill(pid, signal.SIGTERM)  # the long step fails, and the run with it
    resuming.communicate(timeout=60)
    assert resuming.returncode == 1
    assert cli.traced() == ["first", "long", "long"]


def test_finished_steps_and_items_are_kept_over_a_failure(cli):
    """A resumed run takes what finished, items and handlers too, and runs what failed again."""
    path = cli.folder / "flaky.toml"
    path.write_text(
        f"""
        schema = 1
        id = "flaky"
        version = "1.0.0"
        [steps.items]
        foreach = "[1, 2, 3]"
        run = '''
        echo ${{{{ item }}}} >> {cli.trace}
        test ${{{{ item }}}} != 2 || test -f {cli.folder}/ok
        '''
        on_failure = "continue"
        [steps.tell]
        needs = ["items"]
        when = "steps.items.state == 'failed'"
        run = "echo told >> {cli.trace}"
        [steps.sum]
        needs = ["items"]
        run = "echo sum >> {cli.trace}"
        """
    )
    failed = cli.json("run", str(path), code=1)
    assert failed["state"] == "failed"
    assert sorted(cli.traced()) == ["1", "2", "3", "told"]
    (cli.folder / "ok").touch()
    resumed = cli.json("resume", failed["run_id"])
    assert resumed["run_id"] == failed["run_id"]
    assert resumed["state"] == "completed"
    assert sorted(cli.traced()) == ["1", "2", "2", "3", "sum", "told"]
    again = cli.json("resume", failed["run_id"])
    assert again["state"] == "completed"
    assert len(cli.traced()) == 6
    fresh = cli.json("resume", failed["run_id"], "--fresh")
    assert fresh["state"] == "completed"
    assert len(cli.traced()) == 10


class OwnServer:
    """A Prefect server that may be killed."""

    def __init__(self, home: Path, port: int) -> None:
        self._home = home
        self._port = port
        self.url = f"http://127.0.0.1:{self._port}/api"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        environment = {k: v for k, v in os.environ.items() if not k.startswith("PREFECT_")}
        environment |= {
            "PREFECT_HOME": str(self._home),
            "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--port", str(self._port)],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            try:
                if httpx.get(f"{self.url}/health").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.2)
        pytest.fail("the server did not start")

    def kill(self) -> None:
        """Kill it without a warning."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


@pytest.fixture
def own_server(tmp_path: Path, free_port: Callable[[], int]) -> Iterator[OwnServer]:
    """Give a running server of the test's own."""
    server = OwnServer(tmp_path / "prefect", free_port())
    server.start()
    yield server
    server.kill()


def test_run_survives_its_server_and_its_database(own_server, command_line, tmp_path):
    """Both are killed in mid-run and come back: the run completes, each step having run once."""
    cli = Traced(tmp_path, command_line(PREFECT_API_URL=own_server.url))
    process = cli.start("run", cli.write(4.0), "--json")
    cli.await_traced("long")
    own_server.kill()
    for pid in processes_with(str(tmp_path / "data" / "postgres")):
        if "postgres" in psutil.Process(pid).name():
            os.kill(pid, signal.SIGKILL)
    own_server.start()
    stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    document = json.loads(stdout)
    assert document["state"] == "completed"
    assert sorted(cli.traced()) == sorted(
        ["first", "long", *(f"item{number}" for number in range(1, 7)), "last"]
    )
    flow_run = httpx.get(f"{own_server.url}/flow_runs/{document['run_id']}").json()
    assert flow_run["state_type"] == "COMPLETED"
