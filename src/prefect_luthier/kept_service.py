"""Services that live as long as a process uses them: start, share, find, let go.

A service (PostgreSQL, the Prefect server, …) has one keeper (``keeper.py``) however many processes
use it. `hold` starts the keeper when there is none. A user that crashes lets go by itself.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from prefect_luthier.errors import ServiceUnreachable

_KEEPER = Path(__file__).with_name("keeper.py")
_POLL_S = 0.02
_STOP_TIMEOUT_S = 20.0


@dataclass(frozen=True)
class ServiceSpec:
    """What to run, and how.

    Args:
        name: Names the files of the service in ``folder``.
        folder: Where locks and state stand.
        argv: The command; ``{port}`` and ``{fd}`` stand for the port and the socket.
        log: File that gets its output.
        env: Variables added to the caller's, or taken away (None); ``{port}`` is filled in.
        port: The wished port on 127.0.0.1, if it needs one; the next free one is taken.
        inherit_socket: Give it the listening socket, which outlives its restarts.
        user: The operating-system user to run it as.
        stop: Signals that end it, each with the seconds to wait after it.
        orphan_signal: What it gets when its keeper is killed.
        orphan_grace_s: Time for processes it left behind to end after SIGTERM.
        cwd: Its working folder.
    """

    name: str
    folder: Path
    argv: tuple[str, ...]
    log: Path
    env: Mapping[str, str | None] = field(default_factory=dict)
    port: int | None = None
    inherit_socket: bool = False
    user: str | None = None
    stop: tuple[tuple[str, float], ...] = (("SIGTERM", 5.0), ("SIGKILL", 1.0))
    orphan_signal: str = "SIGTERM"
    orphan_grace_s: float = 2.0
    cwd: Path | None = None

    def to_json(self) -> str:
        """Return the keeper's input."""
        return json.dumps(self.__dict__ | {"env": dict(self.env)}, default=str)


@dataclass(frozen=True)
class ServiceStatus:
    """What the keeper last reported."""

    name: str
    status: str
    keeper_pid: int
    pid: int | None
    port: int | None
    restarts: int
    last_exit: str | None
    reason: str | None
    since: float
    log: str


class Hold:
    """One process's use of a service; see `hold`."""

    def __init__(self, spec: ServiceSpec, users: IO[bytes]) -> None:
        self.spec = spec
        self._users: IO[bytes] | None = users
        self._pid = os.getpid()
        self._asked_at = 0.0

    @property
    def status(self) -> ServiceStatus | None:
        """What the keeper last reported, or None when it has not reported yet."""
        report = service_status(self.spec.folder, self.spec.name)
        stale = report is not None and report.status == "failed" and report.since < self._asked_at
        return None if stale else report

    def ensure_kept(self) -> None:
        """Start a keeper if there is none, because it was killed for instance."""
        if not _keeper_lives(self.spec.folder, self.spec.name):
            self._asked_at = time.time()
            _start_keeper(self.spec)

    def await_report(self, timeout_s: float = 10.0) -> ServiceStatus:
        """Return the keeper's first report; it knows the port then.

        Raises:
            ServiceUnreachable: There is none in time.
        """
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            report = self.status
            if report is not None:
                return report
            self.ensure_kept()
            time.sleep(_POLL_S)
        raise ServiceUnreachable(
            "service-not-started",
            f"The {self.spec.name} cannot be started: its keeper does not report.",
            f"Look into {self.spec.log}.",
        )

    def release(self) -> None:
        """Let go; when nobody else uses the service, wait until it has ended."""
        users, self._users = self._users, None
        if users is None or self._pid != os.getpid():  # after a fork the lock is our parent's
            return
        users.close()
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        with _open(self.spec.folder, self.spec.name, "users") as probe:
            while _keeper_lives(self.spec.folder, self.spec.name) and time.monotonic() < deadline:
                if _others_hold(probe):
                    return
                time.sleep(_POLL_S)


def hold(spec: ServiceSpec, timeout_s: float = 30.0) -> Hold:
    """Use a service, starting it if needed. It is not necessarily ready yet.

    Raises:
        ServiceUnreachable: A predecessor did not end in time.
    """
    spec.folder.mkdir(parents=True, exist_ok=True)
    spec.log.parent.mkdir(parents=True, exist_ok=True)
    users = _open(spec.folder, spec.name, "users")
    deadline = time.monotonic() + timeout_s
    while not _try_lock(users, fcntl.LOCK_SH):
        if time.monotonic() > deadline:
            users.close()
            raise ServiceUnreachable(
                "service-stuck",
                f"The {spec.name} that ran before does not end.",
                f"Look into {spec.log}.",
            )
        time.sleep(_POLL_S)
    held = Hold(spec, users)
    held.ensure_kept()
    return held


def service_status(folder: Path, name: str) -> ServiceStatus | None:
    """Return what the living keeper of a service last reported; None when there is no keeper.

    A keeper that gave up leaves its last report, with the status ``failed``.
    """
    try:
        report = ServiceStatus(**json.loads((folder / f"{name}.json").read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return report if report.status == "failed" or _keeper_lives(folder, name) else None


def _keeper_lives(folder: Path, name: str) -> bool:
    try:
        with _open(folder, name, "keeper") as file:
            return not _try_lock(file, fcntl.LOCK_SH)
    except OSError:
        return False


def _start_keeper(spec: ServiceSpec) -> None:
    """Start a keeper and return when it is at work (it leaves us: its first process ends)."""
    with spec.log.open("ab") as log:
        subprocess.run(
            [sys.executable, "-I", "-S", str(_KEEPER)],
            input=spec.to_json().encode(),
            stdout=log,
            stderr=log,
            start_new_session=True,  # a Ctrl-C in our terminal is not meant for it
            cwd="/",
            check=False,
        )


def _open(folder: Path, name: str, kind: str) -> IO[bytes]:
    return (folder / f"{name}.{kind}").open("ab")


def _try_lock(file: IO[bytes], mode: int) -> bool:
    with contextlib.suppress(BlockingIOError):
        fcntl.flock(file, mode | fcntl.LOCK_NB)
        return True
    return False


def _others_hold(probe: IO[bytes]) -> bool:
    """Tell whether users remain: a shared lock is to be had, but not an exclusive one."""
    if _try_lock(probe, fcntl.LOCK_EX) or not _try_lock(probe, fcntl.LOCK_SH):
        fcntl.flock(probe, fcntl.LOCK_UN)
        return False
    fcntl.flock(probe, fcntl.LOCK_UN)
    return True
