"""The keeper: a small process that keeps one service alive for as long as someone holds it.

Run as a script, with a specification as JSON on stdin (see ``kept_service.py``). Who uses the
service holds a shared lock on its ``.users`` file. The kernel frees that lock whenever its holder
ends, by a crash too, so nothing has to be counted: when the keeper gets the lock for itself, the
last user is gone, and it stops the service and everything the service started.

It loads the standard library only, so that it starts in a few hundredths of a second.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

QUICK_DEATH_S = 10.0
MOST_QUICK_DEATHS = 5
FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 10.0
PORTS_TO_TRY = 50
LONGEST_LOG_BYTES = 10_000_000
KILL_GRACE_S = 3.0
LOCK_PATIENCE_S = 0.2

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


class Keeper:
    """Starts the service, restarts it when it dies, and ends it with its last user."""

    def __init__(self, spec: dict[str, Any]) -> None:
        self.spec = spec
        self.folder = Path(spec["folder"])
        self.child: subprocess.Popen[Any] | None = None  # what it writes goes to a file
        self.port: int | None = None
        self.listener: socket.socket | None = None
        self.restarts = 0
        self.last_exit: str | None = None
        self._wake_read, self._wake_write = os.pipe()
        self._quit = threading.Event()
        self._libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def run(self) -> None:
        """Keep the service until nobody uses it any more, or it cannot be kept alive."""
        with self._lock_file("keeper") as own:
            if not self._become_the_keeper(own) or os.fork():
                return  # who started us need not wait for us, and finds the lock taken
            self._state_file.unlink(missing_ok=True)
            self._prepare()
            failure = self._serve()
            self._end_tree()
            if failure:
                self._report("failed", reason=failure)
            else:
                self._state_file.unlink(missing_ok=True)
        # From here a newcomer may start its own keeper. The users' lock goes last, with us.

    def _become_the_keeper(self, own: IO[bytes]) -> bool:
        deadline = time.monotonic() + LOCK_PATIENCE_S  # who looks for a keeper holds it for moments
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(own, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)

    @property
    def _state_file(self) -> Path:
        return self.folder / f"{self.spec['name']}.json"

    def _lock_file(self, kind: str) -> IO[bytes]:
        return (self.folder / f"{self.spec['name']}.{kind}").open("ab")

    def _prepare(self) -> None:
        if self._libc is not None:
            # Orphans of the service come to us, however they were started, so that we can end them.
            self._libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        os.set_blocking(self._wake_write, False)
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self._quit.set())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        users = self._lock_file("users")
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._quit.set()  # nobody waits for us any more
        self._choose_port()
        threading.Thread(target=self._await_last_user, args=[users], daemon=True).start()

    def _choose_port(self) -> None:
        wished = self.spec.get("port")
        if wished is None:
            return
        for port in [*range(wished, min(wished + PORTS_TO_TRY, 65536)), 0]:
            listener = socket.socket()
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listener.bind(("127.0.0.1", port))
            except OSError:
                listener.close()
                continue
            self.port = listener.getsockname()[1]
            break
        else:
            raise OSError("no free port on 127.0.0.1")
        if self.spec.get("inherit_socket"):
            # We keep the socket: while the service restarts, its clients wait instead of failing.
            listener.listen(512)
            self.listener = listener
        else:
            listener.close()

    def _await_last_user(self, users: IO[bytes]) -> None:
        fcntl.flock(users, fcntl.LOCK_EX)
        self._users = users  # keep it open: a newcomer waits until we have ended
        self._quit.set()
        os.write(self._wake_write, b"q")

    def _serve(self) -> str | None:
        """Return why the service cannot be kept, or None when it was stopped."""
        quick_deaths = 0
        while not self._quit.is_set():
            started = time.monotonic()
            try:
                self._start()
            except OSError as error:
                return f"it cannot be started: {error}"
            self._wait(self._exited)
            if self._quit.is_set():
                break
            quick_deaths = quick_deaths + 1 if time.monotonic() - started < QUICK_DEATH_S else 1
            if quick_deaths >= MOST_QUICK_DEATHS:
                return f"it ended {quick_deaths} times in a row, last with {self.last_exit}"
            self.restarts += 1
            self._report("restarting")
            delay = min(FIRST_DELAY_S * 2 ** (quick_deaths - 1), LONGEST_DELAY_S)
            self._wait(lambda: False, timeout_s=delay)
        return None

    def _start(self) -> None:
        socket_fd = self.listener.fileno() if self.listener else None
        values = {"port": str(self.port), "fd": str(socket_fd)}
        argv = [_fill(word, values) for word in self.spec["argv"]]
        given = self.spec["env"]
        env = {k: v for k, v in os.environ.items() if k not in given}
        env |= {k: _fill(v, values) for k, v in given.items() if v is not None}
        user = self.spec.get("user")
        identity: dict[str, Any] = {"user": user, "group": user, "extra_groups": []} if user else {}
        with self._open_log() as log:
            self.child = subprocess.Popen(
                argv,
                cwd=self.spec.get("cwd") or "/",
                env=env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                pass_fds=[] if socket_fd is None else [socket_fd],
                preexec_fn=self._die_with_keeper,  # noqa: PLW1509  # one thread, asleep in flock
                **identity,
            )
        self._report("running")

    def _open_log(self) -> IO[bytes]:
        log = Path(self.spec["log"])
        if log.exists() and log.stat().st_size > LONGEST_LOG_BYTES:
            log.replace(log.with_name(log.name + ".1"))
        return log.open("ab")

    def _die_with_keeper(self) -> None:
        if self._libc is not None:
            number = signal.Signals[self.spec.get("orphan_signal", "SIGTERM")]
            self._libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)

    def _exited(self) -> bool:
        """Reap whatever ended, orphans included; tell whether the service is among them."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return True
            if pid == 0:
                return self.child is None or self.child.returncode is not None
            if self.child is not None and pid == self.child.pid:
                self.child.returncode = os.waitstatus_to_exitcode(status)
                self.last_exit = _exit_text(self.child.returncode)

    def _wait(self, done: Callable[[], bool], timeout_s: float | None = None) -> None:
        """Sleep until ``done``, the time is over, or the keeper shall quit."""
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        while not self._quit.is_set() and not done():
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                return
            select.select([self._wake_read], [], [], left)
            os.read(self._wake_read, 4096) if _readable(self._wake_read) else None

    def _end_tree(self) -> None:
        child = self.child
        if child is not None and not self._exited():
            self._report("stopping")
            for name, grace_s in self.spec["stop"]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, signal.Signals[name])
                if self._wait_for(self._exited, grace_s):
                    break
        self._end_descendants()

    def _end_descendants(self) -> None:
        """End what the service left behind: first those it started, so that they end theirs."""
        own = os.getpid()
        rounds = (
            (signal.SIGTERM, _children, self.spec["orphan_grace_s"]),
            (signal.SIGTERM, _descendants, KILL_GRACE_S / 2),
            (signal.SIGKILL, _descendants, KILL_GRACE_S),
        )
        for number, find, grace_s in rounds:
            for pid in find(own):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            if self._wait_for(self._is_alone, grace_s):
                return

    def _is_alone(self) -> bool:
        return self._exited() and not _descendants(os.getpid())

    def _wait_for(self, done: Callable[[], bool], grace_s: float) -> bool:
        deadline = time.monotonic() + grace_s
        while time.monotonic() < deadline:
            if done():
                return True
            time.sleep(0.01)
        return done()

    def _report(self, status: str, reason: str | None = None) -> None:
        state = {
            "name": self.spec["name"],
            "status": status,
            "keeper_pid": os.getpid(),
            "pid": self.child.pid if self.child and self.child.returncode is None else None,
            "port": self.port,
            "restarts": self.restarts,
            "last_exit": self.last_exit,
            "reason": reason,
            "since": time.time(),
            "log": self.spec["log"],
        }
        temporary = self._state_file.with_suffix(".json.new")
        temporary.write_text(json.dumps(state))
        temporary.replace(self._state_file)


def _fill(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    return text


def _readable(fd: int) -> bool:
    return bool(select.select([fd], [], [], 0)[0])


def _exit_text(code: int) -> str:
    if code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def _children(pid: int) -> list[int]:
    return [child for child, parent in _parents() if parent == pid]


def _descendants(pid: int) -> list[int]:
    """Return every living process below ``pid``, from /proc (empty where there is none)."""
    children: dict[int, list[int]] = {}
    for child, parent in _parents():
        children.setdefault(parent, []).append(child)
    found: list[int] = []
    rest = children.get(pid, [])
    while rest:
        found += rest
        rest = [grandchild for child in rest for grandchild in children.get(child, [])]
    return found


def _parents() -> Iterator[tuple[int, int]]:
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            yield int(entry.parent.name), int(fields[1])


if __name__ == "__main__":
    Keeper(json.load(sys.stdin)).run()
