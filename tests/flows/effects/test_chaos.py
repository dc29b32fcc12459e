"""Processes that are killed, databases that go away, many callers at once: one message."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from prefect_luthier.blocks import private_postgres
from prefect_luthier.deployments.migrations.upgrade import upgrade

sys.path.append(str(Path(__file__).parents[2] / "chaos"))

import scenarios

SEEDS = 2


@pytest.fixture(scope="module")
def providers() -> Iterator[scenarios.Providers]:
    """Play the providers."""
    with scenarios.playing() as played:
        yield played


@pytest.fixture(scope="module")
def database(postgres: str, template_database: str) -> Iterator[str]:
    """Give a database for all scenarios; each has keys of its own."""
    name = "chaos"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template_database}")
    yield postgres.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def nursery(database: str) -> Iterator[scenarios.Nursery]:
    """Give workers."""
    grown = scenarios.Nursery(database)
    yield grown
    grown.close()


@pytest.mark.parametrize("point", scenarios.POINTS)
def test_a_kill_neither_loses_nor_doubles(
    nursery: scenarios.Nursery, providers: scenarios.Providers, point: str
) -> None:
    """Wherever a worker dies, there is one message, or a person is asked to find out."""
    verdicts = [scenarios.crash(nursery, providers, point, seed) for seed in range(SEEDS)]
    assert [verdict.problem for verdict in verdicts] == [""] * SEEDS


def test_only_smtp_asks_a_person(
    nursery: scenarios.Nursery, providers: scenarios.Providers
) -> None:
    """A provider that can be asked is asked; only SMTP leaves the question to a person."""
    point = scenarios.ANSWERED
    verdicts = [scenarios.crash(nursery, providers, point, seed) for seed in (3, 4, 5)]
    assert [verdict.problem for verdict in verdicts] == [""] * 3
    assert [verdict.escalated for verdict in verdicts] == [False, False, True]


@pytest.mark.parametrize("action", ["gmail.send", "smtp.send"])
def test_five_hundred_duplicates_over_four_processes(
    nursery: scenarios.Nursery, providers: scenarios.Providers, action: str
) -> None:
    """All callers of all processes get the same answer to the one message."""
    before = providers.sent(action)
    task = {"action": action, "credentials": providers.credentials[action], "key": f"d-{action}"}
    for _ in range(4):
        nursery.start(**task, callers=125)
    answers = [answer for end in nursery.ends(4) for answer in end["answers"]]
    assert len(answers) == 500
    assert all(answer == answers[0] for answer in answers)
    assert answers[0]["status"] == "sent"
    assert providers.sent(action) - before == 1


def test_postgresql_is_killed_and_comes_back(
    providers: scenarios.Providers,
) -> None:
    """A database that dies again and again strands nothing: every message is sent once."""
    with tempfile.TemporaryDirectory(prefix="luthier-chaos-") as name:
        folder = Path(name)
        url = private_postgres.ensure_running(folder)
        upgrade(url)
        nursery = scenarios.Nursery(url)
        before = providers.sent("gmail.send")
        nursery.start(
            action="gmail.send",
            credentials=providers.credentials["gmail.send"],
            keys=[f"cut-{number}" for number in range(60)],
            lease_s=30.0,
        )
        for progress in (5, 30):
            while providers.sent("gmail.send") - before < progress:
                time.sleep(0.01)
            os.kill(postmaster(folder), signal.SIGKILL)
        (end,) = nursery.ends(1)
        nursery.close()
        private_postgres.stop(folder)
    assert [answer.get("status") for answer in end["answers"]] == ["sent"] * 60
    assert providers.sent("gmail.send") - before == 60


def postmaster(folder: Path) -> int:
    """Return the process of the database, waiting for it to be there."""
    while True:
        report = private_postgres.status(folder)
        if report is not None and report.pid and psutil.pid_exists(report.pid):
            return report.pid
        time.sleep(0.05)
