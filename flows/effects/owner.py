"""Who owns an effect: one attempt of one process, and whether that process still lives."""

from __future__ import annotations

import os
import socket
from functools import cache
from uuid import uuid4

import psutil

_SEPARATOR = "/"
_START_SLACK_S = 0.05


def new_owner() -> str:
    """Return a name for an attempt of this process, different each time."""
    return _SEPARATOR.join((*_this_process(os.getpid()), uuid4().hex))


def owner_lives(owner: str) -> bool | None:
    """Return whether the process of an attempt lives; None when it ran on another machine."""
    parts = owner.split(_SEPARATOR)
    if len(parts) != len(("host", "pid", "start", "attempt")) or parts[0] != socket.gethostname():
        return None
    try:
        process = psutil.Process(int(parts[1]))
        same = abs(process.create_time() - float(parts[2])) < _START_SLACK_S
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
    except (psutil.Error, ValueError):
        return None


@cache
def _this_process(pid: int) -> tuple[str, str, str]:
    return socket.gethostname(), str(pid), f"{psutil.Process(pid).create_time():.3f}"
