"""A small process that outlives its parent just long enough to end the parent's children.

Run as a script, with nothing but the standard library, by `subprocesses`. Its standard input is
a pipe from the parent: ``done`` means that the parent ends in good order, the end of the pipe
without it that the parent was killed. Then every process whose environment carries the parent's
token is ended, in whatever session or process group it hides.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import sys
import time
from pathlib import Path

GUARD_VARIABLE = "LUTHIER_GUARD"
GRACE_S = 5.0
_PROC = Path("/proc")
_POLL_S = 0.05
_PARENT_CHECK_S = 2.0


def guarded_processes(token: str) -> list[int]:
    """Return the processes whose `GUARD_VARIABLE` starts with ``token``, but not this one."""
    wanted = f"{GUARD_VARIABLE}={token}".encode()
    found = []
    for process in _PROC.iterdir() if _PROC.is_dir() else ():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        with contextlib.suppress(OSError):
            variables = (process / "environ").read_bytes().split(b"\0")
            if any(variable.startswith(wanted) for variable in variables):
                found.append(int(process.name))
    return found


def signal_all(pids: list[int], number: signal.Signals) -> None:
    """Send a signal to processes, some of which may be gone."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def end_guarded(token: str, grace_s: float = GRACE_S) -> None:
    """End all processes that carry ``token``: TERM, ``grace_s`` seconds, KILL."""
    signal_all(guarded_processes(token), signal.SIGTERM)
    deadline = time.monotonic() + grace_s
    while (left := guarded_processes(token)) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    for _ in range(20):  # a process may fork while it is being killed
        if not left:
            return
        signal_all(left, signal.SIGKILL)
        time.sleep(_POLL_S)
        left = guarded_processes(token)


def _parent_ended_in_order(parent: int) -> bool:
    received = b""
    while True:
        readable, _, _ = select.select([0], [], [], _PARENT_CHECK_S)
        if readable:
            data = os.read(0, 64)
            received += data
            if not data:
                return received.endswith(b"done")
        elif os.getppid() != parent:
            return False


def main(token: str, parent: int) -> None:
    """Wait for the parent's end; when it was killed, end what it started."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    if not _parent_ended_in_order(parent):
        end_guarded(token)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
