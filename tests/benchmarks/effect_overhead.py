"""What permission and exactly-once cost for each message, against the bare adapter call.

    python tests/benchmarks/effect_overhead.py [--rounds N] [--json FILE]

- a permission check alone, and with its answer stored: median and 99th percentile; the check must
  stay under 5 ms, by the clock or, on a machine that is busy, by the CPU;
- a message sent by the adapter alone, and by the whole path (permission, claim, sending, sent);
- planned → sent: a job's run in Prefect against a Prefect flow whose only task calls the adapter.

Gmail is played over real HTTP on loopback, the database is a private PostgreSQL in a temporary
folder, and all parts run in turn in this process.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlmodel import Session

from prefect_luthier.blocks import private_postgres
from prefect_luthier.deployments.store.connection import close_stores, open_store
from prefect_luthier.deployments.store.decisions import Question, decide
from prefect_luthier.policy import PolicyRequest
from prefect_luthier.policy_rules import PolicyFile, Rule, load_policy, policy_of
from prefect_luthier.settings import load_settings
from prefect_luthier.ui.cli.prefect_connection import prefect_connection

sys.path.append(str(Path(__file__).parents[1] / "fakes"))

from fault_server import serving
from gmail_server import GmailServer

CHECK_LIMIT_MS = 5.0
PARAMS = {"to": "bob@example.com", "subject": "Thanks", "text": "Thanks for the meeting."}


def shown(name: str, seconds: list[float]) -> dict[str, float]:
    """Print and return the median and the 99th percentile, in milliseconds."""
    ordered = sorted(1000 * value for value in seconds)
    figures = {
        "median_ms": round(statistics.median(ordered), 3),
        "p99_ms": round(ordered[min(len(ordered) - 1, int(0.99 * len(ordered)))], 3),
    }
    print(f"{name:<38} median {figures['median_ms']:9.3f} ms   p99 {figures['p99_ms']:9.3f} ms")
    return figures


def timed(
    call: Callable[[], Any], rounds: int, clock: Callable[[], float] = time.perf_counter
) -> list[float]:
    """Return what each call took by a clock, after one call that does not count."""
    call()
    found = []
    for _ in range(rounds):
        started = clock()
        call()
        found.append(clock() - started)
    return found


async def timed_in_turn(
    calls: dict[str, Callable[[], Awaitable[Any]]], rounds: int
) -> dict[str, list[float]]:
    """Return what each call took; they take turns, so that the machine's load is shared."""
    found: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds + 1):
        for name in sorted(calls, reverse=number % 2 == 1):
            started = time.perf_counter()
            await calls[name]()
            if number:
                found[name].append(time.perf_counter() - started)
    return found


def checks(rounds: int) -> dict[str, Any]:
    """Measure the permission check with a policy of fifty rules and three recipients."""
    rules = tuple(
        Rule(
            id=f"rule-{number}",
            effect="deny" if number % 5 == 4 else "allow",
            actions=("gmail.send", "outlook.send"),
            workspaces=(f"workspace-{number}",),
            recipients=(f"*@domain-{number}.example",),
        )
        for number in range(50)
    )
    policy = policy_of(("gmail.send",), PolicyFile(rule=rules, rollout={"gmail.send": "99%"}))
    request = PolicyRequest(
        "gmail.send", "ann", recipients=("a@example.com", "b@example.com", "c@example.com")
    )
    question = Question(request, "effect", uuid4(), "key")
    with Session(open_store(load_settings())) as session:
        return {
            "check": shown("permission check", timed(lambda: policy.decide(request), 20 * rounds)),
            # On a machine that does other work meanwhile, the CPU says more than the clock.
            "check_cpu": shown(
                "permission check, CPU of this process",
                timed(lambda: policy.decide(request), 20 * rounds, time.process_time),
            ),
            "stored": shown(
                "permission check, stored", timed(lambda: decide(session, policy, question), rounds)
            ),
        }


def credentials(server: GmailServer) -> Any:
    """Return an account at the Gmail that is played."""
    from prefect_luthier.blocks.mail_credentials import GmailCredentials

    return GmailCredentials(
        sender="ann@example.com",
        client_id="client-1",
        client_secret="secret-1",
        refresh_token="refresh-1",
        base_url=server.url,
        token_url=f"{server.url}/token",
    )


def bare_call(account: Any) -> Callable[[], Awaitable[Any]]:
    """Return a function that sends one message by the adapter alone."""
    from prefect_luthier.flows.actions.mail_inputs import MailInputs
    from prefect_luthier.flows.effects.gmail import GmailAdapter
    from prefect_luthier.flows.effects.mail.message import Marks, read_message

    message = read_message(MailInputs.model_validate(PARAMS), account.sender, lambda _: b"")

    async def send() -> None:
        name = uuid4().hex
        marks = Marks(f"<{name}@example.com>", name, datetime.now(UTC))
        async with GmailAdapter(account, message, marks).prepared(again=False) as sending:
            await sending.commit(lambda _point: None)

    return send


def whole_call(account: Any) -> Callable[[], Awaitable[Any]]:
    """Return a function that sends one message by the whole path."""
    from prefect_luthier.flows.actions.mail_inputs import MailInputs
    from prefect_luthier.flows.effects.gmail import GmailAdapter
    from prefect_luthier.flows.effects.mail.message import read_message
    from prefect_luthier.flows.effects.perform import perform
    from prefect_luthier.flows.effects.request import EffectRequest
    from prefect_luthier.flows.effects.runtime import runtime_of

    message = read_message(MailInputs.model_validate(PARAMS), account.sender, lambda _: b"")
    runtime = runtime_of(load_settings())
    request = EffectRequest(
        action="gmail.send",
        client_request_id="",
        body_hash="sha256:1",
        sender_domain="example.com",
        recipients=("bob@example.com",),
        tenant="default",
        workspace="default",
        actor="ann",
        correlation_id=uuid4(),
    )

    async def send() -> None:
        once = replace(request, client_request_id=uuid4().hex)
        await perform(once, lambda marks: GmailAdapter(account, message, marks), runtime)

    return send


async def prefect_calls(account: Any, api_url: str) -> dict[str, Callable[[], Awaitable[Any]]]:
    """Return the two ways through Prefect: a job's run, and a flow with one task."""
    import httpx
    from prefect import flow, task

    from prefect_luthier.ai_builder.action_planning.plan import PlannedAction
    from prefect_luthier.deployments.jobs.rates import ensure_rates
    from prefect_luthier.deployments.store.action_plans import Asker
    from prefect_luthier.flows.acceptance import accept
    from prefect_luthier.flows.run_action_job import run_action_job

    async with httpx.AsyncClient(base_url=api_url) as api:
        await ensure_rates(api, 100_000)
    await account.save("default", overwrite=True)
    send_bare = task(bare_call(account), name="send")

    @flow(name="send-directly")
    async def send_directly() -> None:
        await send_bare()

    async def send_job() -> None:
        action = PlannedAction(provider="google", action="gmail.send", params=PARAMS)
        accepted = accept([action], Asker("ann"), load_settings())
        state = await run_action_job(accepted.jobs[0].id, return_state=True)
        assert state.is_completed(), state.message

    return {"a Prefect task": send_directly, "planned → sent": send_job}


async def measure(rounds: int) -> dict[str, Any]:
    """Measure everything; return the figures."""
    from prefect.logging.handlers import APILogHandler  # Prefect reads its settings when imported

    settings = load_settings()
    assert load_policy(settings).decide(PolicyRequest("gmail.send", "ann")).allowed
    figures: dict[str, Any] = {"permission": checks(rounds)}
    with serving(GmailServer()) as server:
        account = credentials(server)
        calls = {"the adapter alone": bare_call(account), "the whole path": whole_call(account)}
        found = await timed_in_turn(calls, rounds)
        figures["send"] = {name: shown(name, seconds) for name, seconds in found.items()}
        assert settings.prefect_api_url is not None
        through_prefect = await prefect_calls(account, settings.prefect_api_url)
        found = await timed_in_turn(through_prefect, max(rounds // 10, 5))
        figures["prefect"] = {name: shown(name, seconds) for name, seconds in found.items()}
    await APILogHandler.aflush()
    medians = {name: each["median_ms"] for name, each in figures["send"].items()}
    figures["added_ms"] = round(medians["the whole path"] - medians["the adapter alone"], 3)
    through = {name: each["median_ms"] for name, each in figures["prefect"].items()}
    figures["prefect_ratio"] = round(through["planned → sent"] / through["a Prefect task"], 3)
    print(f"permission and exactly-once add {figures['added_ms']} ms to a message")
    print(f"planned → sent takes {figures['prefect_ratio']} times a direct Prefect task")
    return figures


def main() -> int:
    """Read the arguments, start what is needed, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="luthier-bench-") as folder:
        os.environ["LUTHIER_DATA_DIR"] = folder
        os.environ["ALLOW_ACTIONS_DEFAULT"] = "gmail.send"
        with prefect_connection(load_settings()):
            try:
                figures = asyncio.run(measure(arguments.rounds))
            finally:
                close_stores()
                private_postgres.stop(Path(folder))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")
    check = figures["permission"]
    return int(min(check["check"]["p99_ms"], check["check_cpu"]["p99_ms"]) > CHECK_LIMIT_MS)


if __name__ == "__main__":
    sys.exit(main())
