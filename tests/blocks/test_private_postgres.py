"""The private PostgreSQL: there when it is needed, gone when it is not."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from prefect_luthier.blocks import private_postgres
from prefect_luthier.errors import ServiceUnreachable

KEEP = (
    "import sys, time; from pathlib import Path;"
    "from prefect_luthier.blocks.private_postgres import ensure_running;"
    "print(ensure_running(Path(sys.argv[1])), flush=True); time.sleep(float(sys.argv[2]))"
)


def _eventually(condition: Callable[[], bool], timeout_s: float = 10.0) -> bool:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return condition()


def _query(url: str, statement: str) -> object:
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None  # type: ignore[index]


def _server_pid(data_dir: Path) -> int:
    report = private_postgres.status(data_dir)
    assert report is not None
    assert report.pid is not None
    return report.pid


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give one data directory to the module: creating a cluster takes most of a test's time."""
    return tmp_path_factory.mktemp("private") / "with space"


@pytest.fixture
def url(data_dir: Path) -> Iterator[str]:
    yield private_postgres.ensure_running(data_dir)
    private_postgres.stop(data_dir)


def test_the_database_is_there_and_only_on_a_socket(url: str) -> None:
    """The URL leads to a PostgreSQL 18 with our database, which listens on no address."""
    assert str(_query(url, "SHOW server_version")).startswith("18")
    assert _query(url, "SELECT current_database()") == "luthier"
    assert _query(url, "SHOW listen_addresses") == ""


def test_stopping_ends_the_server_and_data_stay(url: str, data_dir: Path) -> None:
    """After `stop` no process is left; the next start has the data."""
    _query(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    pid = _server_pid(data_dir)
    private_postgres.stop(data_dir)
    assert not psutil.pid_exists(pid)
    again = private_postgres.ensure_running(data_dir)
    assert _query(again, "SELECT answer FROM kept") == 42


def test_asking_again_costs_nothing(url: str, data_dir: Path) -> None:
    """A second call in the same process returns at once, with the same server."""
    pid, started = _server_pid(data_dir), time.monotonic()
    assert private_postgres.ensure_running(data_dir) == url
    assert time.monotonic() - started < 5
    assert _server_pid(data_dir) == pid


def test_another_process_keeps_it_when_we_leave(url: str, data_dir: Path) -> None:
    """It stays for who still uses it, and ends when that process is killed."""
    pid = _server_pid(data_dir)
    argv = [sys.executable, "-c", KEEP, data_dir, "30"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as user:
        assert user.stdout is not None
        shared_url = user.stdout.readline().strip()
        private_postgres.stop(data_dir)
        answer = _query(url, "SELECT 1")
        user.kill()
    assert (shared_url, answer) == (url, 1)
    assert _eventually(lambda: not psutil.pid_exists(pid))


def test_a_process_that_ends_leaves_nothing_behind(data_dir: Path) -> None:
    """When the only user has ended, the server has too."""
    argv = [sys.executable, "-c", KEEP, data_dir, "0"]
    subprocess.run(argv, check=True, capture_output=True)
    assert private_postgres.status(data_dir) is None


@pytest.mark.parametrize("victim", ["server", "keeper"])
def test_it_comes_back_after_a_kill(url: str, data_dir: Path, victim: str) -> None:
    """SIGKILL of PostgreSQL or of its keeper: the next call has a working server again."""
    report = private_postgres.status(data_dir)
    assert report is not None
    assert report.pid is not None
    os.kill(report.pid if victim == "server" else report.keeper_pid, signal.SIGKILL)
    assert _eventually(lambda: not psutil.pid_exists(report.pid or 0))
    assert private_postgres.ensure_running(data_dir) == url
    assert _query(url, "SELECT 1") == 1


def test_a_pid_file_of_before_a_reboot_does_not_matter(url: str, data_dir: Path) -> None:
    """A left-over pid file whose number belongs to another program now is ignored."""
    private_postgres.stop(data_dir)
    stale = f"{os.getpid()}\n{data_dir}\n1\n5432\n\n\n\nready\n"
    (data_dir / "postgres" / "postmaster.pid").write_text(stale)
    assert _query(private_postgres.ensure_running(data_dir), "SELECT 1") == 1


@pytest.mark.parametrize("name", ["long" * 30, "a,b"], ids=["too long", "comma"])
def test_a_path_that_is_no_good_for_a_socket_works(tmp_path: Path, name: str) -> None:
    """The socket then stands in a short folder that only we can enter."""
    data_dir = tmp_path / name
    url = private_postgres.ensure_running(data_dir)
    try:
        assert _query(url, "SELECT 1") == 1
        sockets = Path(url.partition("?host=")[2])
        assert len(str(sockets)) < 60
        assert sockets.stat().st_mode & 0o077 == 0
    finally:
        private_postgres.stop(data_dir)
        sockets.rmdir()


def test_a_creation_that_was_interrupted_is_done_again(tmp_path: Path) -> None:
    """Half a cluster, left by a crash, is thrown away."""
    unfinished = tmp_path / "postgres.unfinished"
    unfinished.mkdir()
    (unfinished / "PG_VERSION").write_text("18\n")
    assert _query(private_postgres.ensure_running(tmp_path), "SELECT 1") == 1
    private_postgres.stop(tmp_path)


def test_the_cluster_of_another_version_is_refused(tmp_path: Path) -> None:
    """It says which version wrote it, and touches nothing."""
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("16\n")
    with pytest.raises(ServiceUnreachable, match="written by PostgreSQL 16") as error:
        private_postgres.ensure_running(tmp_path)
    assert error.value.advice


def test_a_server_that_cannot_start_is_reported_with_its_log(
    data_dir: Path, tmp_path: Path
) -> None:
    """A broken configuration gives an error that quotes PostgreSQL's own words."""
    private_postgres.ensure_running(tmp_path)
    private_postgres.stop(tmp_path)
    (tmp_path / "postgres" / "postgresql.conf").write_text("shared_buffers = 'a lot'\n")
    with pytest.raises(ServiceUnreachable, match="shared_buffers"):
        private_postgres.ensure_running(tmp_path)


def test_a_folder_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    """A file where the data directory should be gives advice, not a traceback."""
    (tmp_path / "file").touch()
    with pytest.raises(ServiceUnreachable, match="cannot be created") as error:
        private_postgres.ensure_running(tmp_path / "file")
    assert "DATABASE_URL" in error.value.advice
