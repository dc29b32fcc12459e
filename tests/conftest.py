"""Fixtures that every test folder may use: a database per test, a clean environment."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import hypothesis
import psycopg
import pytest
from sqlmodel import Session

from prefect_luthier.blocks import private_postgres
from prefect_luthier.blocks.database import open_engine
from prefect_luthier.deployments.migrations.upgrade import upgrade
from prefect_luthier.deployments.stack.temporary import temporary_server
from prefect_luthier.deployments.store.connection import close_stores
from prefect_luthier.settings import Settings

# The same examples in every run: a suite that passes is not undone by a throw of the dice.
hypothesis.settings.register_profile("steady", derandomize=True)
hypothesis.settings.load_profile("steady")

os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # the tests' own processes fill the machine


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files: what a test leaves running in its process must not disturb another.

    Prefect's threads draw random numbers, which Hypothesis takes for a flaky strategy: files with
    generated examples come first. Playwright leaves an event loop running: browser tests come last.
    """
    generated = {item.path for item in items if is_generated(item)}
    items.sort(key=lambda item: (item.path not in generated) + 2 * is_browser_test(item))


def is_generated(item: pytest.Item) -> bool:
    return getattr(getattr(item, "obj", None), "is_hypothesis_test", False)


def is_browser_test(item: pytest.Item) -> bool:
    return item.get_closest_marker("browser") is not None


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a PostgreSQL for the session; give the URL of its maintenance database.

    It is not in pytest's own folder: another session that starts makes that unreadable for the
    user that PostgreSQL runs as.
    """
    given = os.environ.get("LUTHIER_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="luthier-tests-") as folder:
        yield _database(private_postgres.ensure_running(Path(folder)), "postgres")
        private_postgres.stop(Path(folder))


def _database(url: str, name: str) -> str:
    head, _, query = url.partition("?")
    base = head.rsplit("/", 1)[0].replace("postgresql+psycopg", "postgresql")
    return f"{base}/{name}" + (f"?{query}" if query else "")


@pytest.fixture(scope="session")
def template_database(postgres: str) -> str:
    """Migrate one database; every test gets a copy of it."""
    name = f"template_{uuid4().hex[:8]}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    upgrade(_database(postgres, name))
    return name


@pytest.fixture
def postgres_url(postgres: str, template_database: str) -> Iterator[str]:
    """Give a migrated, empty database of the test's own."""
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template_database}")
    yield _database(postgres, name)
    close_stores()
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def session(postgres_url: str) -> Iterator[Session]:
    """Give an open session on the test's database."""
    engine = open_engine(postgres_url)
    with Session(engine) as open_session:
        yield open_session
    engine.dispose()


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Remove what the developer's shell may set; give a fresh data directory."""
    for name in list(os.environ):
        ours = name.startswith(("LUTHIER_", "PREFECT_API", "OPENAI_", "AI_", "ALLOW_ACTIONS"))
        if ours or name == "DATABASE_URL":
            monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "data"
    monkeypatch.setenv("LUTHIER_DATA_DIR", str(folder))
    return folder


@dataclass(frozen=True)
class CommandLine:
    """The `luthier` command as processes, in an environment of the test's own."""

    environment: dict[str, str]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command."""
        return subprocess.Popen(
            [sys.executable, "-m", "prefect_luthier.ui.cli.main", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __call__(self, *arguments: str, code: int = 0) -> tuple[str, str]:
        """Run a command to its end; return what it printed."""
        process = self.start(*arguments)
        stdout, stderr = process.communicate(timeout=120)
        assert process.returncode == code, stderr
        assert "Traceback" not in stderr
        return stdout, stderr

    def json(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """Run a command with ``--json``; return its one document."""
        document: dict[str, Any] = json.loads(self(*arguments, "--json", code=code)[0])
        return document


@pytest.fixture
def command_line(tmp_path: Path) -> Callable[..., CommandLine]:
    """Give a function that makes a command line: `command_line(PREFECT_API_URL=url)`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("PREFECT_", "LUTHIER_"))}
    kept |= {"LUTHIER_DATA_DIR": str(tmp_path / "data")}
    return lambda **added: CommandLine(kept | added)


@pytest.fixture
def luthier(
    command_line: Callable[..., CommandLine], postgres_url: str, prefect_server: str
) -> CommandLine:
    """Give a command line on the session's server and a database of the test's own."""
    return command_line(LUTHIER_DATABASE_URL=postgres_url, PREFECT_API_URL=prefect_server)


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    """Give a function that returns a port on which nobody listens."""

    def find() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return int(probe.getsockname()[1])

    return find


@pytest.fixture(scope="session")
def prefect_server(
    tmp_path_factory: pytest.TempPathFactory, free_port: Callable[[], int]
) -> Iterator[str]:
    """Start the Prefect server that Luthier ships, on a folder of its own; give its API URL."""
    settings = Settings(
        _env_file=None,
        LUTHIER_DATABASE_URL=None,
        data_dir=tmp_path_factory.mktemp("prefect"),
        prefect_port=free_port(),
    )
    with temporary_server(settings) as url:
        yield url


@pytest.fixture
def prefect_api(prefect_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Point Prefect and Luthier at the session's server."""
    from prefect.settings import (
        PREFECT_API_URL,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        temporary_settings,
    )

    monkeypatch.setenv("PREFECT_API_URL", prefect_server)
    with temporary_settings(
        {PREFECT_API_URL: prefect_server, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}
    ):
        yield prefect_server


@pytest.fixture
def model_server() -> Iterator[Callable[..., Any]]:
    """Give a function that starts a scripted OpenAI-compatible server: `model_server(*steps)`."""
    path = Path(__file__).parent / "fakes" / "openai_server.py"
    spec = importlib.util.spec_from_file_location("fake_openai_server", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    with contextlib.ExitStack() as stack:
        yield lambda *steps, **options: stack.enter_context(module.scripted(*steps, **options))
