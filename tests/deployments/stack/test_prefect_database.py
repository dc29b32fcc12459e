"""Where Prefect's server keeps its tables depends on what the given PostgreSQL can do."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from prefect_luthier.deployments.stack.prefect_database import prefect_database_url
from prefect_luthier.errors import ServiceUnreachable
from prefect_luthier.settings import Settings


def _system_programs() -> Path | None:
    """Return the folder of a PostgreSQL of the system that has pg_trgm, if there is one."""
    config = shutil.which("pg_config")
    candidates = [*Path("/usr/lib/postgresql").glob("*/bin")]
    if config:
        candidates.append(Path(config).resolve().parent)
    extension = "extension/pg_trgm.control"
    shares = ("../share", "../../../../share/postgresql/{}", "../share/postgresql")
    for programs in candidates:
        version = programs.parent.name
        for share in shares:
            if (programs / share.format(version) / extension).exists():
                return programs
    return None


@pytest.fixture
def full_postgres(tmp_path: Path) -> Iterator[str]:
    """Run a complete PostgreSQL of the system; give the URL of a database."""
    programs = _system_programs()
    if programs is None:
        pytest.skip("no PostgreSQL with pg_trgm is installed")
    user = "nobody" if os.geteuid() == 0 else None
    folder = tmp_path / "cluster"
    folder.mkdir()
    if user:
        shutil.chown(folder, user)
        for parent in folder.parents:
            parent.chmod(parent.stat().st_mode | 0o011)
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}
    subprocess.run(
        [programs / "initdb", "-D", folder, "-U", "postgres", "-A", "trust", "--no-sync"],
        check=True,
        capture_output=True,
        user=user,
        env=environment,
        cwd="/",
    )
    options = ["-c", "listen_addresses=", "-k", str(folder)]
    server = subprocess.Popen(
        [programs / "postgres", "-D", folder, *options],
        user=user,
        env=environment,
        cwd="/",
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"postgresql://postgres@/postgres?host={folder}"
        _await(url)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE ours")
        yield f"postgresql://postgres@/ours?host={folder}"
    finally:
        server.terminate()
        server.wait(timeout=10)


def _await(url: str) -> None:
    for _ in range(200):
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            import time

            time.sleep(0.05)
        else:
            return
    pytest.fail("the PostgreSQL of the system did not start")


def test_without_a_database_url_it_is_a_file(tmp_path: Path) -> None:
    """The private PostgreSQL lacks pg_trgm, so Prefect gets SQLite in the data directory."""
    url = prefect_database_url(Settings(data_dir=tmp_path, database_url=None))
    assert url == f"sqlite+aiosqlite:///{tmp_path}/prefect/prefect.db"


def test_a_postgres_without_trigrams_gives_a_file_too(postgres_url: str, tmp_path: Path) -> None:
    """Prefect's migrations would fail there."""
    url = prefect_database_url(Settings(data_dir=tmp_path, database_url=postgres_url))
    assert url.startswith("sqlite+aiosqlite:///")


def test_a_full_postgres_gets_a_database_beside_ours(full_postgres: str, tmp_path: Path) -> None:
    """It is made once, with the extension, and addressed through asyncpg."""
    settings = Settings(data_dir=tmp_path, database_url=full_postgres)
    url = prefect_database_url(settings)
    assert url.startswith("postgresql+asyncpg://postgres@/ours_prefect?host=")
    assert prefect_database_url(settings) == url
    with psycopg.connect(full_postgres.replace("/ours?", "/ours_prefect?")) as connection:
        names = connection.execute("SELECT extname FROM pg_extension").fetchall()
    assert ("pg_trgm",) in names


def test_a_user_who_may_create_nothing_gets_a_file(full_postgres: str, tmp_path: Path) -> None:
    """Missing rights are no reason to fail."""
    with psycopg.connect(full_postgres, autocommit=True) as connection:
        connection.execute("CREATE ROLE modest LOGIN")
    modest = full_postgres.replace("postgres@", "modest@")
    url = prefect_database_url(Settings(data_dir=tmp_path, database_url=modest))
    assert url.startswith("sqlite+aiosqlite:///")


def test_an_unreachable_database_is_an_error_with_advice(tmp_path: Path) -> None:
    """It says what to check, and does not show the password."""
    settings = Settings(data_dir=tmp_path, database_url="postgresql://a:secret@127.0.0.1:1/b")
    with pytest.raises(ServiceUnreachable) as error:
        prefect_database_url(settings)
    assert "DATABASE_URL" in error.value.advice
    assert "secret" not in error.value.message
