"""Performing effects at providers that are played over real HTTP and SMTP."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlmodel import Session

from prefect_luthier.blocks.columns import now
from prefect_luthier.blocks.mail_credentials import (
    GmailCredentials,
    OutlookCredentials,
    SmtpCredentials,
)
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.deployments.store.effects import EffectState, find_effect, history
from prefect_luthier.flows.effects import tokens
from prefect_luthier.flows.effects.effect_store import EffectStore
from prefect_luthier.flows.effects.gmail import GmailAdapter
from prefect_luthier.flows.effects.graph import GraphAdapter
from prefect_luthier.flows.effects.mail.addresses import Mailbox, read_mailbox
from prefect_luthier.flows.effects.mail.message import Message
from prefect_luthier.flows.effects.perform import perform
from prefect_luthier.flows.effects.request import EffectRequest
from prefect_luthier.flows.effects.runtime import Runtime
from prefect_luthier.flows.effects.smtp import SmtpAdapter
from prefect_luthier.policy_rules import PolicyFile, policy_of
from prefect_luthier.settings import Settings, load_settings

sys.path.append(str(Path(__file__).parents[2] / "fakes"))

from fault_server import serving
from gmail_server import GmailServer
from graph_server import MAILBOX, TENANT, GraphServer
from smtp_sink import Sink, sinking

ACTIONS = ("gmail.send", "outlook.send", "smtp.send")


@pytest.fixture
def settings(
    clean_environment: Path, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Settings]:
    """Give settings with a database of the test's own."""
    monkeypatch.setenv("LUTHIER_DATABASE_URL", postgres_url)
    given = load_settings()
    yield given
    open_store(given).dispose()


@pytest.fixture
def gmail() -> Iterator[GmailServer]:
    """Play Gmail."""
    tokens._kept.clear()
    with serving(GmailServer()) as server:
        yield server


@pytest.fixture
def graph() -> Iterator[GraphServer]:
    """Play Microsoft Graph."""
    tokens._kept.clear()
    with serving(GraphServer()) as server:
        yield server


@pytest.fixture
def smtp() -> Iterator[Sink]:
    """Run a mail server."""
    with sinking() as sink:
        yield sink


@pytest.fixture
def gmail_credentials(gmail: GmailServer) -> GmailCredentials:
    """Give the account at the Gmail that is played."""
    return GmailCredentials(
        sender="ann@example.com",
        client_id="client-1",
        client_secret="secret-1",
        refresh_token="refresh-1",
        base_url=gmail.url,
        token_url=f"{gmail.url}/token",
        timeout_s=0.25,
    )


@pytest.fixture
def outlook_credentials(graph: GraphServer) -> OutlookCredentials:
    """Give the mailbox at the Graph that is played."""
    return OutlookCredentials(
        sender=MAILBOX,
        tenant_id=TENANT,
        client_id="app-1",
        client_secret="secret-1",
        base_url=f"{graph.url}/v1.0",
        authority_url=graph.url,
        timeout_s=0.25,
    )


@pytest.fixture
def smtp_credentials(smtp: Sink) -> SmtpCredentials:
    """Give the account at the mail server."""
    return SmtpCredentials(
        sender="ann@example.com", host="127.0.0.1", port=smtp.port, security="none", timeout_s=0.25
    )


@dataclass
class Clock:
    """A clock that a test can move; waiting moves it too."""

    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        """Return the moved time."""
        return now() + self.ahead

    async def sleep(self, seconds: float) -> None:
        """Move the time instead of waiting, but let others go on."""
        import asyncio

        await asyncio.sleep(min(seconds, 0.01))
        self.ahead += timedelta(seconds=max(seconds - 0.01, 0))


def message(**changes: Any) -> Message:
    """Return a message to bob."""
    plain = Message(
        sender=Mailbox("ann@example.com"),
        to=(read_mailbox("Bob <bob@example.com>"),),
        cc=(),
        bcc=(),
        subject="Thanks",
        text="Thanks for the meeting.",
        html="",
    )
    return replace(plain, **changes)


@dataclass
class Bench:
    """Performs effects on one database.

    Args:
        settings: Where the database is.
        clock: The time.
        runtime: Where effects are performed; a test may replace parts of it.
        make: Gives the adapter.
        action: The action.
    """

    settings: Settings
    clock: Clock
    runtime: Runtime
    make: Callable[..., Any]
    action: str
    log: list[str] = field(default_factory=list)

    def request(self, key: str = "key-1", **changes: Any) -> EffectRequest:
        """Return a request to do it."""
        plain = EffectRequest(
            action=self.action,
            client_request_id=key,
            body_hash="sha256:1",
            sender_domain="example.com",
            recipients=("bob@example.com",),
            tenant="default",
            workspace="default",
            actor="ann",
            correlation_id=uuid4(),
        )
        return replace(plain, **changes)

    async def send(self, key: str = "key-1", **changes: Any) -> dict[str, Any]:
        """Perform it."""
        return await perform(self.request(key, **changes), self.make, self.runtime)

    def row(self, key: str = "key-1") -> EffectState:
        """Return what the store knows of it."""
        with Session(open_store(self.settings)) as session:
            return find_effect(session, "default", key)

    def events(self, key: str = "key-1") -> list[str]:
        """Return the names of what happened to it."""
        with Session(open_store(self.settings)) as session:
            return [event.event for event in history(session, self.row(key).id)]


@pytest.fixture
def bench_for(settings: Settings) -> Callable[..., Bench]:
    """Give a function that returns a bench for an account."""

    def make_bench(credentials: Any, **changes: Any) -> Bench:
        kinds = {
            GmailCredentials: ("gmail.send", GmailAdapter),
            OutlookCredentials: ("outlook.send", GraphAdapter),
            SmtpCredentials: ("smtp.send", SmtpAdapter),
        }
        action, adapter = kinds[type(credentials)]
        clock = Clock()
        policy = policy_of(ACTIONS, PolicyFile())
        runtime = Runtime(
            store=EffectStore(settings, patience_s=20.0),
            policy=lambda: policy,
            now=clock.now,
            sleep=clock.sleep,
            poll_s=0.01,
            settle=timedelta(seconds=5),
        )
        runtime = replace(runtime, **changes)
        return Bench(
            settings, clock, runtime, lambda marks: adapter(credentials, message(), marks), action
        )

    return make_bench


@pytest.fixture(params=ACTIONS, ids=["gmail", "outlook", "smtp"])
def bench(request: pytest.FixtureRequest, bench_for: Callable[..., Bench]) -> Bench:
    """Give a bench for each provider in turn."""
    name = request.param.partition(".")[0]
    bench = bench_for(request.getfixturevalue(f"{name}_credentials"))
    server = {"gmail": "gmail", "outlook": "graph", "smtp": "smtp"}[name]
    bench.server = request.getfixturevalue(server)  # type: ignore[attr-defined]
    return bench
