"""The state file is believed only while the process that wrote it lives."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from prefect_luthier.deployments.stack.state import (
    PartState,
    Phase,
    StackState,
    read_state,
    running_stack,
    state_file,
    write_state,
)
from prefect_luthier.settings import Settings


def _state(pid: int, phase: Phase = "running", shift_s: float = 0.0) -> StackState:
    return StackState(
        stack_id="s",
        pid=pid,
        pid_started=psutil.Process(pid).create_time() + shift_s,
        phase=phase,
        started_at=1.0,
        logs_dir=Path("/logs"),
        prefect_api_url="http://127.0.0.1:4200/api",
        parts=(PartState(name="server", status="ready", pid=7), PartState(name="worker")),
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = Settings(data_dir=tmp_path)
    settings.run_dir.mkdir(parents=True)
    return settings


def test_a_running_stack_is_found(settings: Settings) -> None:
    """What was written is read back, with the process ids of the parts that have one."""
    state = _state(os.getpid())
    write_state(settings, state)
    assert running_stack(settings) == state
    assert state.pids == {"supervisor": os.getpid(), "server": 7}


@pytest.mark.parametrize("phase", ["starting", "stopping", "failed"])
def test_a_stack_that_is_not_ready_is_not_found(settings: Settings, phase: Phase) -> None:
    """Only a stack that is ready for work is offered to other commands."""
    write_state(settings, _state(os.getpid(), phase))
    assert running_stack(settings) is None


def test_a_reused_process_id_is_not_believed(settings: Settings) -> None:
    """After a reboot the number may belong to any program: its start time tells."""
    write_state(settings, _state(os.getpid(), shift_s=-3600))
    assert running_stack(settings) is None


def test_a_dead_process_is_not_believed_even_as_a_zombie(settings: Settings) -> None:
    """A killed supervisor whose parent has not noticed yet is dead."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    write_state(settings, _state(child.pid))
    assert running_stack(settings) is not None
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert running_stack(settings) is None
    child.communicate()
    assert running_stack(settings) is None


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b'{"pid": "x"}', b"\xff\xfe\x00"],
    ids=["empty", "cut", "list", "types", "binary"],
)
def test_a_damaged_file_is_no_stack(settings: Settings, content: bytes) -> None:
    """A file that a crash has damaged is ignored, not an error."""
    state_file(settings).write_bytes(content)
    assert read_state(settings) is None


def test_importing_it_loads_no_prefect() -> None:
    """Commands that only look for the stack start without Prefect and SQLAlchemy."""
    script = (
        "import sys, prefect_luthier.deployments.stack.state;"
        "sys.exit(bool({'prefect', 'sqlalchemy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
