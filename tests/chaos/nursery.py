"""A process that has loaded everything and forks a worker for each task, so that tests are fast.

Tasks come as JSON lines on stdin; for each worker that ends, a line with its exit status and its
answers goes to stdout. A worker performs one effect `callers` times at once, and kills itself when
it comes to the point `kill_at` for the `kill_visit`-th time.

Usage: python nursery.py   (started by scenarios.py)
"""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import sys
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from prefect_luthier.blocks.mail_credentials import (
    GmailCredentials,
    OutlookCredentials,
    SmtpCredentials,
)
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.effects import tokens
from prefect_luthier.flows.effects.effect_store import EffectStore
from prefect_luthier.flows.effects.gmail import GmailAdapter
from prefect_luthier.flows.effects.graph import GraphAdapter
from prefect_luthier.flows.effects.mail.addresses import Mailbox
from prefect_luthier.flows.effects.mail.message import Message
from prefect_luthier.flows.effects.perform import perform
from prefect_luthier.flows.effects.request import EffectRequest
from prefect_luthier.flows.effects.runtime import Runtime
from prefect_luthier.flows.effects.smtp import SmtpAdapter
from prefect_luthier.policy_rules import PolicyFile, policy_of
from prefect_luthier.settings import load_settings

KINDS: dict[str, tuple[Any, Any]] = {
    "gmail.send": (GmailCredentials, GmailAdapter),
    "outlook.send": (OutlookCredentials, GraphAdapter),
    "smtp.send": (SmtpCredentials, SmtpAdapter),
}
POLICY = policy_of(tuple(KINDS), PolicyFile())
MESSAGE = Message(
    sender=Mailbox("ann@example.com"),
    to=(Mailbox("bob@example.com"),),
    cc=(),
    bcc=(),
    subject="Thanks",
    text="Thanks for the meeting.",
    html="",
)


def killer(point: str, visit: int) -> Any:
    """Return a function that ends the process at a point."""
    visits: Counter[str] = Counter()

    def reach(here: str) -> None:
        visits[here] += 1
        if here == point and visits[here] >= visit:
            os.kill(os.getpid(), signal.SIGKILL)

    return reach


def runtime(task: dict[str, Any]) -> Runtime:
    """Return the runtime of a task."""
    return Runtime(
        store=EffectStore(load_settings(), patience_s=30.0),
        policy=lambda: POLICY,
        reach=killer(task.get("kill_at", ""), task.get("kill_visit", 1)),
        lease=timedelta(seconds=task.get("lease_s", 5.0)),
        settle=timedelta(seconds=task.get("settle_s", 0.8)),
        first_wait_s=0.02,
        poll_s=0.02,
    )


async def work(task: dict[str, Any]) -> list[Any]:
    """Perform the effect of a task as often as it says, all at once."""
    kind, adapter = KINDS[task["action"]]
    credentials = kind(**task["credentials"])
    here = runtime(task)

    async def one(key: str) -> Any:
        request = EffectRequest(
            action=task["action"],
            client_request_id=key,
            body_hash="sha256:1",
            sender_domain="example.com",
            recipients=("bob@example.com",),
            tenant="default",
            workspace="default",
            actor="ann",
            correlation_id=uuid4(),
        )
        try:
            return await perform(request, lambda m: adapter(credentials, MESSAGE, m), here)
        except LuthierError as error:
            return error.to_json()

    keys = task.get("keys") or [task["key"]] * task.get("callers", 1)
    return list(await asyncio.gather(*map(one, keys)))


def fork(task: dict[str, Any], folder: Path) -> int:
    """Start a worker; it leaves its answers in a file."""
    pid = os.fork()
    if pid:
        return pid
    os.close(0)
    os.environ["LUTHIER_DATABASE_URL"] = task["database"]
    tokens._kept.clear()
    answers = asyncio.run(work(task))
    (folder / str(os.getpid())).write_text(json.dumps(answers))
    os._exit(0)


def main() -> None:
    """Fork workers for tasks and report their ends, until stdin is closed."""
    running: dict[int, int] = {}
    is_open, buffer = True, b""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        print(json.dumps({"ready": True}), flush=True)  # noqa: T201 - the protocol
        while is_open or running:
            if is_open and select.select([0], [], [], 0.01)[0]:
                data = os.read(0, 1 << 16)
                is_open, buffer = bool(data), buffer + data
                *lines, buffer = buffer.split(b"\n")
                for task in map(json.loads, filter(None, lines)):
                    running[fork(task, folder)] = task["id"]
            while running:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    break
                left = folder / str(pid)
                answers = json.loads(left.read_text()) if left.exists() else None
                end = {"id": running.pop(pid), "status": status, "answers": answers}
                print(json.dumps(end), flush=True)  # noqa: T201 - the protocol


if __name__ == "__main__":
    sys.exit(main())
