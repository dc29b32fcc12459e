"""The environment in which the parts of the stack run: Prefect's settings, from measurement."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from prefect_luthier.settings import Settings

HEARTBEAT_S = 30
STACK_ID = "LUTHIER_STACK_ID"

_LOOPBACK = "127.0.0.1,localhost"

# The defaults drop task runs in a burst of a few thousand and leak concurrency slots over a
# restart. A flush interval below 1 becomes 0, which is a busy loop.
_SERVER_TUNING = {
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "100",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE": "200",
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE": (
        "prefect.server.concurrency.lease_storage.filesystem"
    ),
}


def prefect_home(settings: Settings) -> Path:
    """Return Prefect's own folder; a user's profiles elsewhere do not reach the stack."""
    return settings.data_dir / "prefect"


def worker_name(settings: Settings) -> str:
    """Return the name of this stack's worker, different for each data directory and machine."""
    key = hashlib.sha256(str(settings.data_dir).encode()).hexdigest()[:6]
    return f"luthier-{os.uname().nodename}-{key}"


def server_environment(settings: Settings, database_url: str) -> dict[str, str | None]:
    """Return what the Prefect server gets; ``{port}`` is filled in by its keeper."""
    return {
        "PREFECT_HOME": str(prefect_home(settings)),
        "PREFECT_PROFILE": None,
        "PREFECT_API_URL": "http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_UI_API_URL": "http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": database_url,
        "PREFECT_API_DATABASE_CONNECTION_URL": None,
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
        "PREFECT__SERVER_FINAL": "1",
        "PYTHONUNBUFFERED": "1",
        **{name: os.environ.get(name, value) for name, value in _SERVER_TUNING.items()},
    }


def client_environment(settings: Settings, api_url: str) -> dict[str, str | None]:
    """Return what a process needs to work with the stack's server, as a worker or a flow does."""
    return {
        "PREFECT_HOME": str(prefect_home(settings)),
        "PREFECT_PROFILE": None,
        "PREFECT_API_URL": api_url,
        "PREFECT_WORKER_QUERY_SECONDS": os.environ.get("PREFECT_WORKER_QUERY_SECONDS", "1"),
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_S),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        **_credentials(),
        **_past_proxies(),
        "LUTHIER_DATA_DIR": str(settings.data_dir),
        "LUTHIER_WORK_POOL": settings.work_pool,
        "PYTHONUNBUFFERED": "1",
    }


def _credentials() -> dict[str, str | None]:
    """Give clients the server's shared credential, where one is set for the server only."""
    server = os.environ.get("PREFECT_SERVER_API_AUTH_STRING")
    client = os.environ.get("PREFECT_API_AUTH_STRING")
    return {"PREFECT_API_AUTH_STRING": client or server} if client or server else {}


def _past_proxies() -> dict[str, str | None]:
    """Keep a proxy of the environment out of the way to our own server."""
    names = [name for name in ("NO_PROXY", "no_proxy") if name in os.environ] or ["NO_PROXY"]
    return {name: ",".join(filter(None, (os.environ.get(name), _LOOPBACK))) for name in names}
