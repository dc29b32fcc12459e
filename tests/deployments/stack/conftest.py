"""A real stack, started through the command line, in a data directory of the test session."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from prefect_luthier.deployments.stack.state import StackState, read_state
from prefect_luthier.settings import Settings

# Away from the ports that a developer's own stack has.
PREFECT_PORT = 14200
BUILDER_PORT = 18501

# What a developer's shell may set.
FOREIGN = ("LUTHIER_", "PREFECT_", "OPENAI_", "AI_", "ALLOW_ACTIONS")


@dataclass(frozen=True)
class StackUnderTest:
    """Runs `luthier` on one data directory and looks at what it leaves."""

    data_dir: Path

    @property
    def settings(self) -> Settings:
        return Settings(data_dir=self.data_dir)

    @property
    def environment(self) -> dict[str, str]:
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(FOREIGN) and name != "DATABASE_URL"
        }
        return kept | {
            "LUTHIER_DATA_DIR": str(self.data_dir),
            "LUTHIER_PREFECT_PORT": str(PREFECT_PORT),
            "LUTHIER_BUILDER_PORT": str(BUILDER_PORT),
        }

    def argv(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "prefect_luthier.ui.cli.main", *arguments]

    def luthier(self, *arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.argv(*arguments),
            env=self.environment | extra,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def up(self, *arguments: str, **extra: str) -> dict[str, Any]:
        done = self.luthier("up", "--detach", "--json", *arguments, **extra)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def down(self) -> None:
        done = self.luthier("down")
        assert done.returncode == 0, done.stderr

    def state(self) -> StackState:
        state = read_state(self.settings)
        assert state is not None
        return state

    def pid(self, part: str) -> int:
        return self.state().pids[part]

    def part(self, name: str) -> Any:
        return next(part for part in self.state().parts if part.name == name)

    def api(self) -> httpx.Client:
        return httpx.Client(base_url=self.state().prefect_api_url, timeout=20, trust_env=False)

    def start_run(self, seconds: float) -> str:
        """Deploy the sleeping flow, start a run of it, and return its id when it is at work."""
        with self.api() as api:
            flow = self.post(api, "/flows/", {"name": "sleeping"})
            directory = {"directory": str(Path(__file__).parent)}
            deployment = {
                "name": "test",
                "flow_id": flow["id"],
                "entrypoint": "sleeping_flow.py:sleeping",
                "pull_steps": [{"prefect.deployments.steps.set_working_directory": directory}],
                "work_pool_name": "luthier",
            }
            deployed = self.post(api, "/deployments/", deployment)
            wish = {"state": {"type": "SCHEDULED"}, "parameters": {"seconds": seconds}}
            url = f"/deployments/{deployed['id']}/create_flow_run"
            run_id = str(self.post(api, url, wish)["id"])
        assert self.eventually(lambda: self.run_state(run_id)["type"] == "RUNNING")
        return run_id

    def post(self, api: httpx.Client, url: str, body: dict[str, Any]) -> dict[str, Any]:
        return api.post(url, json=body).raise_for_status().json()

    def run_state(self, run_id: str) -> dict[str, Any]:
        with self.api() as api:
            return api.get(f"/flow_runs/{run_id}").json()["state"]

    def run_pids(self, run_id: str) -> list[int]:
        """Return the processes of a run, its child included."""
        return [
            process.pid
            for process in self.processes()
            if process.environ().get("PREFECT__FLOW_RUN_ID") == run_id
        ]

    def eventually(self, condition: Callable[[], object], timeout_s: float = 20.0) -> bool:
        """Wait for a condition; what fails meanwhile counts as not yet."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError, AssertionError, KeyError, psutil.Error):
                if condition():
                    return True
            time.sleep(0.1)
        return False

    def processes(self) -> list[psutil.Process]:
        """Return every process of this stack: each has the data directory in its environment."""
        own = os.getpid()
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                marked = str(self.data_dir) in " ".join(
                    [process.environ().get("LUTHIER_DATA_DIR", ""), *process.cmdline()]
                )
                if marked and process.pid != own and process.status() != psutil.STATUS_ZOMBIE:
                    found.append(process)
        return found


@pytest.fixture(scope="session")
def stack_data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give one data directory: Prefect's migrations take most of a first start."""
    return tmp_path_factory.mktemp("stack")


@pytest.fixture(scope="session")
def stack(stack_data_dir: Path) -> Iterator[StackUnderTest]:
    """Give the command line for that directory; whatever a test leaves is stopped."""
    under_test = StackUnderTest(stack_data_dir)
    yield under_test
    under_test.luthier("down")


@pytest.fixture
def running(stack: StackUnderTest) -> StackUnderTest:
    """Give a running stack, left over from the test before if it still runs."""
    stack.up()
    return stack


@pytest.fixture
def stopped(stack: StackUnderTest) -> StackUnderTest:
    """Give a stack that does not run."""
    stack.down()
    return stack
