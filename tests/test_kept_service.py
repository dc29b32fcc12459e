"""A service lives exactly as long as somebody uses it, whatever dies in between."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from prefect_luthier.kept_service import Hold, ServiceSpec, ServiceStatus, hold, service_status

SLEEPER = "import time; time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
PARENT = (
    "import subprocess, sys, time;"
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'],"
    " start_new_session=True);"
    "time.sleep(600)"
)
ECHO = """
import socket, sys, time
time.sleep(0.5)
server = socket.socket(fileno=int(sys.argv[1]))
while True:
    connection, _ = server.accept()
    connection.sendall(b'hello')
    connection.close()
"""


def _spec(folder: Path, script: str, *arguments: str) -> ServiceSpec:
    return ServiceSpec(
        name="service",
        folder=folder,
        argv=(sys.executable, "-c", script, *arguments),
        log=folder / "service.log",
        stop=(("SIGTERM", 0.5), ("SIGKILL", 1.0)),
        orphan_grace_s=0.5,
    )


def _eventually(condition: Callable[[], bool], timeout_s: float = 8.0) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def _running(held: Hold) -> ServiceStatus:
    assert _eventually(lambda: held.status is not None and held.status.pid is not None)
    assert held.status is not None
    return held.status


def _pid(held: Hold) -> int:
    pid = _running(held).pid
    assert pid is not None
    return pid


def _is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[Hold]:
    held = hold(_spec(tmp_path, SLEEPER))
    yield held
    held.release()


def test_release_by_the_last_user_ends_the_service(sleeper: Hold) -> None:
    """When `release` returns, the service and its keeper are gone."""
    report = _running(sleeper)
    sleeper.release()
    assert report.pid is not None
    assert _is_gone(report.pid)
    assert service_status(sleeper.spec.folder, "service") is None


def test_users_share_one_service(sleeper: Hold) -> None:
    """A second user gets the same process, and keeps it when the first leaves."""
    first = _pid(sleeper)
    second = hold(sleeper.spec)
    sleeper.release()
    assert _pid(second) == first
    second.release()
    assert _is_gone(first)


def test_users_that_come_at_once_start_one_service(tmp_path: Path) -> None:
    """Two processes that start at the same moment do not start two keepers."""
    script = (
        "import sys, time; from pathlib import Path;"
        "from prefect_luthier.kept_service import ServiceSpec, hold;"
        "folder = Path(sys.argv[1]);"
        "held = hold(ServiceSpec('service', folder, ('sleep', '600'), folder / 'log'));"
        "print(held.await_report().keeper_pid, flush=True); time.sleep(1)"
    )
    users = [
        subprocess.Popen([sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE)
        for _ in range(4)
    ]
    keepers = {user.communicate()[0] for user in users}
    assert len(keepers) == 1
    assert _eventually(lambda: service_status(tmp_path, "service") is None)


def test_a_killed_user_lets_go(tmp_path: Path) -> None:
    """SIGKILL of the only user ends the service: nobody has to count."""
    script = (
        "import sys, time; from pathlib import Path;"
        "from prefect_luthier.kept_service import ServiceSpec, hold;"
        "folder = Path(sys.argv[1]);"
        "held = hold(ServiceSpec('service', folder, ('sleep', '600'), folder / 'log'));"
        "print(held.await_report().pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", script, tmp_path], stdout=subprocess.PIPE) as user:
        assert user.stdout is not None
        pid = int(user.stdout.readline())
        user.kill()
    assert _eventually(lambda: _is_gone(pid))


def test_a_service_that_dies_is_started_again(sleeper: Hold) -> None:
    """The keeper restarts it and says what it died of."""
    first = _pid(sleeper)
    os.kill(first, signal.SIGKILL)
    assert _eventually(lambda: _running(sleeper).pid not in {first, None})
    report = _running(sleeper)
    assert (report.restarts, report.last_exit) == (1, "signal SIGKILL")


def test_a_service_that_keeps_dying_is_given_up(tmp_path: Path) -> None:
    """After five quick deaths the report is `failed`, with the reason; then a new try is made."""
    held = hold(_spec(tmp_path, "raise SystemExit(7)"))
    assert _eventually(lambda: held.status is not None and held.status.status == "failed")
    assert held.status is not None
    assert held.status.reason == "it ended 5 times in a row, last with exit code 7"
    assert _eventually(lambda: _is_tried_again(held))
    held.release()


def _is_tried_again(held: Hold) -> bool:
    held.ensure_kept()
    return held.await_report().status != "failed"


def test_a_command_that_cannot_start_is_given_up_at_once(tmp_path: Path) -> None:
    """A missing program is no reason to wait."""
    held = hold(replace(_spec(tmp_path, ""), argv=("/no/such/program",)))
    report = held.await_report()
    assert report.status == "failed"
    assert "/no/such/program" in str(report.reason)
    held.release()


def test_a_killed_keeper_takes_the_service_along(sleeper: Hold) -> None:
    """No stray is left, and the next look starts a keeper anew."""
    report = _running(sleeper)
    assert report.pid is not None
    os.kill(report.keeper_pid, signal.SIGKILL)
    assert _eventually(lambda: _is_gone(report.pid or 0))
    sleeper.ensure_kept()
    assert _eventually(lambda: _running(sleeper).keeper_pid != report.keeper_pid)


def test_what_a_service_started_ends_with_it(tmp_path: Path) -> None:
    """A child in a session of its own, orphaned by a crash, is ended with the service."""
    held = hold(_spec(tmp_path, PARENT))
    first = psutil.Process(_pid(held))
    assert _eventually(lambda: bool(first.children()))
    orphan = first.children()[0].pid
    first.kill()
    assert _eventually(lambda: _running(held).restarts == 1)
    assert not _is_gone(orphan)  # a restart of the service ends nothing else
    held.release()
    assert _is_gone(orphan)


def test_a_service_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    """Stopping takes no longer than the specification allows."""
    held = hold(_spec(tmp_path, STUBBORN))
    pid = _pid(held)
    time.sleep(0.3)  # until it ignores the signal
    started = time.monotonic()
    held.release()
    assert _is_gone(pid)
    assert time.monotonic() - started < 30


def test_a_taken_port_is_passed_over(tmp_path: Path) -> None:
    """The next free port is chosen and reported."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        wished = taken.getsockname()[1]
        held = hold(replace(_spec(tmp_path, SLEEPER), port=wished))
        port = held.await_report().port
        held.release()
    assert port is not None
    assert port != wished


def test_clients_wait_while_a_service_restarts(tmp_path: Path) -> None:
    """A connection made just after a crash is answered by the successor, not refused."""
    held = hold(replace(_spec(tmp_path, ECHO, "{fd}"), port=20000, inherit_socket=True))
    port = held.await_report().port
    assert port is not None
    with socket.create_connection(("127.0.0.1", port), timeout=8) as client:
        assert client.recv(16) == b"hello"
    first = _pid(held)
    os.kill(first, signal.SIGKILL)
    assert _eventually(lambda: _is_gone(first))
    with socket.create_connection(("127.0.0.1", port), timeout=8) as client:
        assert client.recv(16) == b"hello"
    held.release()


def test_variables_are_added_and_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`env` adds to the caller's environment; None removes from it; the port is filled in."""
    monkeypatch.setenv("UNWANTED", "1")
    script = (
        "import os, time;"
        "print(os.environ.get('URL'), os.environ.get('UNWANTED'), flush=True); time.sleep(600)"
    )
    spec = replace(
        _spec(tmp_path, script), port=20100, env={"URL": "http://here:{port}", "UNWANTED": None}
    )
    held = hold(spec)
    port = held.await_report().port
    assert _eventually(lambda: f"http://here:{port} None" in spec.log.read_text())
    held.release()


def test_a_long_log_is_put_aside(tmp_path: Path) -> None:
    """A start with a log of more than ten megabytes begins a new one and keeps the last."""
    spec = _spec(tmp_path, "import time; print('new', flush=True); time.sleep(600)")
    spec.log.write_bytes(b"x" * 10_000_001)
    held = hold(spec)
    assert _eventually(lambda: spec.log.read_text() == "new\n")
    held.release()
    assert spec.log.with_name("service.log.1").stat().st_size == 10_000_001
