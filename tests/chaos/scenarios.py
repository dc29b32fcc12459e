"""Crashes around an effect: workers that are killed, and what must hold when all is over."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from typing import Any

sys.path.append(str(Path(__file__).parents[1] / "fakes"))

from fault_server import Fault, serving
from gmail_server import GmailServer
from graph_server import MAILBOX, TENANT, GraphServer
from smtp_sink import sinking

KILLED = signal.SIGKILL
NURSERY = Path(__file__).with_name("nursery.py")

# What must go wrong at the provider for a worker to come to these points.
NEEDS_FAULT = {
    "before-retry": Fault("send", "status-before", status=429),
    "before-look": Fault("send", "status-after", status=500),
    "after-look": Fault("send", "reset-after"),
}
# These are only reached by who comes after a crash at the point named here.
NEEDS_CRASH = {"before-takeover": "after-sending-mark", "after-takeover": "after-claim"}
ANSWERED = "provider-accepted"
"""The provider has it, and the worker dies before it hears so."""

POINTS = (
    "before-permission",
    "before-claim",
    "after-claim",
    "before-admission",
    "before-prepare",
    "after-prepare",
    "after-sending-mark",
    "before-bytes-leave",
    "after-bytes-left",
    ANSWERED,
    "after-first-answer",
    "before-record",
    "after-record",
    *NEEDS_FAULT,
    *NEEDS_CRASH,
)
# SMTP has no look, and no hook between the bytes and the answer but the server's own.
NOT_WITH_SMTP = {"after-bytes-left", *NEEDS_FAULT}


class Nursery:
    """Workers on demand."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._ends: Queue[dict[str, Any]] = Queue()
        self._number = 0
        self._process = subprocess.Popen(
            [sys.executable, str(NURSERY)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self._process.stdout is not None
        self._process.stdout.readline()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._ends.put(json.loads(line))

    def start(self, **task: Any) -> int:
        """Start a worker; return its number."""
        self._number += 1
        line = json.dumps({"id": self._number, "database": self._database, **task})
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode() + b"\n")
        self._process.stdin.flush()
        return self._number

    def ends(self, count: int) -> list[dict[str, Any]]:
        """Wait until ``count`` workers have ended."""
        return [self._ends.get(timeout=120) for _ in range(count)]

    def run(self, **task: Any) -> dict[str, Any]:
        """Run a worker to its end."""
        self.start(**task)
        return self.ends(1)[0]

    def kill_workers(self) -> None:
        """Kill every worker that runs."""
        import psutil

        for child in psutil.Process(self._process.pid).children():
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()

    def close(self) -> None:
        """End the nursery when its workers have ended."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        assert self._process.stdout is not None
        self._reader.join(timeout=60)
        self._process.stdout.close()


@dataclass
class Providers:
    """The three providers, played."""

    servers: dict[str, Any]
    credentials: dict[str, dict[str, Any]] = field(default_factory=dict)

    def sent(self, action: str) -> int:
        """Return how many messages a provider has sent."""
        return len(self.servers[action].messages)


@contextlib.contextmanager
def playing() -> Iterator[Providers]:
    """Play the providers for the length of a block."""
    with serving(GmailServer()) as gmail, serving(GraphServer()) as graph, sinking() as sink:
        providers = Providers({"gmail.send": gmail, "outlook.send": graph, "smtp.send": sink})
        providers.credentials = {
            "gmail.send": {
                "sender": "ann@example.com",
                "client_id": "client-1",
                "client_secret": "secret-1",
                "refresh_token": "refresh-1",
                "base_url": gmail.url,
                "token_url": f"{gmail.url}/token",
                "timeout_s": 5.0,
            },
            "outlook.send": {
                "sender": MAILBOX,
                "tenant_id": TENANT,
                "client_id": "app-1",
                "client_secret": "secret-1",
                "base_url": f"{graph.url}/v1.0",
                "authority_url": graph.url,
                "timeout_s": 5.0,
            },
            "smtp.send": {
                "sender": "ann@example.com",
                "host": "127.0.0.1",
                "port": sink.port,
                "security": "none",
                "timeout_s": 5.0,
            },
        }
        yield providers


@dataclass
class Verdict:
    """What became of one scenario.

    Args:
        killed: Whether the kill came; a scenario without it proves nothing.
        sent: Messages that the provider sent.
        answer: What the last caller was told.
    """

    scenario: str
    killed: bool
    sent: int
    answer: dict[str, Any]

    @property
    def escalated(self) -> bool:
        """Whether a person was asked to find out."""
        return self.answer.get("code") == "outcome-unknown"

    @property
    def problem(self) -> str:
        """What is wrong, empty when all is well."""
        if not self.killed:
            return f"{self.scenario}: nobody was killed"
        if self.sent > 1:
            return f"{self.scenario}: sent {self.sent} times"
        if not self.escalated and (self.sent, self.answer.get("status")) != (1, "sent"):
            return f"{self.scenario}: lost: {self.sent} sent, answer {self.answer}"
        return ""


def actions_for(point: str) -> list[str]:
    """Return the actions whose workers come to a point."""
    found = ["gmail.send", "outlook.send", "smtp.send"]
    return found[:2] if point in NOT_WITH_SMTP else found


def crash(nursery: Nursery, providers: Providers, point: str, seed: int) -> Verdict:
    """Kill a worker at a point, let others come after it, and look what became of the message.

    The seed chooses the provider, how many callers the killed worker had, whether the one after
    it is killed as well, and how many come at once in the end.
    """
    rng = random.Random(f"{point}-{seed}")
    allowed = actions_for(point)
    action = allowed[seed % len(allowed)]
    key = f"{point}-{seed}"
    task = {"action": action, "credentials": providers.credentials[action], "key": key}
    server = providers.servers[action]
    before = providers.sent(action)
    ends = [nursery.run(**task, kill_at=NEEDS_CRASH[point])] if point in NEEDS_CRASH else []
    if point in NEEDS_FAULT:
        server.faults.append(NEEDS_FAULT[point])
    if point == ANSWERED:
        server.on_accept = nursery.kill_workers
        ends.append(nursery.run(**task))
        server.on_accept = None
    else:
        ends.append(nursery.run(**task, kill_at=point, callers=rng.choice((1, 1, 3))))
    if rng.random() < 0.3:
        nursery.run(**task, kill_at=rng.choice(POINTS))
    server.faults.clear()
    comers = rng.choice((1, 2))
    for _ in range(comers):
        nursery.start(**task, callers=2)
    answers = [each for end in nursery.ends(comers) for each in end["answers"] or [{}]]
    killed = all(os.WTERMSIG(end["status"]) == KILLED for end in ends)
    worst = next((each for each in answers if each.get("status") != "sent"), answers[0])
    return Verdict(f"{point}/{seed}/{action}", killed, providers.sent(action) - before, worst)
