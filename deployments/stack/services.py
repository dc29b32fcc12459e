"""The parts of the stack that are services: how each is started and stopped."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from prefect_luthier.deployments.stack.environment import (
    client_environment,
    prefect_home,
    server_environment,
)
from prefect_luthier.kept_service import ServiceSpec
from prefect_luthier.settings import Settings

DATABASE = "database"
SERVER = "server"
WORKER = "worker"
BUILDER = "builder"

_SERVER_APP = "prefect_luthier.deployments.stack.prefect_server:create_app"

# uvicorn waits for open connections, of which the UI's and the events' never close by themselves.
_SERVER_GRACE_S = "1"

# A run that is told to end gives its steps five seconds to end in turn.
_RUN_GRACE_S = 6.0


def services_dir(settings: Settings) -> Path:
    """Return where the keepers leave their locks and reports."""
    return settings.data_dir / "services"


def logs_dir(settings: Settings) -> Path:
    """Return where the parts write their logs."""
    return settings.run_dir / "logs"


def builder_page() -> Path:
    """Return the Streamlit script of the builder."""
    return Path(__file__).resolve().parents[2] / "ui" / "builder" / "app.py"


def server_service(settings: Settings, database_url: str, port: int | None = None) -> ServiceSpec:
    """Return the Prefect server: uvicorn on a socket that outlives the server's restarts."""
    return ServiceSpec(
        name=SERVER,
        folder=services_dir(settings),
        argv=(
            sys.executable,
            *("-m", "uvicorn", "--factory", _SERVER_APP),
            *("--fd", "{fd}", "--log-level", "warning", "--timeout-keep-alive", "5"),
            *("--timeout-graceful-shutdown", _SERVER_GRACE_S),
        ),
        log=logs_dir(settings) / "server.log",
        env=server_environment(settings, database_url),
        port=port or settings.prefect_port,
        inherit_socket=True,
        stop=(("SIGTERM", 5.0), ("SIGKILL", 1.0)),
        cwd=prefect_home(settings),
    )


def worker_service(settings: Settings, api_url: str, extra: dict[str, str]) -> ServiceSpec:
    """Return the process worker of our work pool."""
    return ServiceSpec(
        name=WORKER,
        folder=services_dir(settings),
        argv=(sys.executable, "-m", "prefect_luthier.deployments.stack.worker"),
        log=logs_dir(settings) / "worker.log",
        env=client_environment(settings, api_url) | extra,
        stop=(("SIGTERM", 2.0), ("SIGKILL", 1.0)),
        orphan_signal="SIGKILL",
        orphan_grace_s=_RUN_GRACE_S,
        cwd=prefect_home(settings),
    )


def builder_service(
    settings: Settings, api_url: str, extra: dict[str, str], port: int | None = None
) -> ServiceSpec:
    """Return the builder page, on loopback and without Streamlit's usage statistics."""
    options = {
        "server.port": "{port}",
        "server.address": "127.0.0.1",
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "browser.serverAddress": "127.0.0.1",
    }
    return ServiceSpec(
        name=BUILDER,
        folder=services_dir(settings),
        argv=(
            *(sys.executable, "-m", "streamlit", "run", str(builder_page())),
            *(f"--{name}={value}" for name, value in options.items()),
        ),
        log=logs_dir(settings) / "builder.log",
        env=client_environment(settings, api_url) | extra,
        port=port or settings.builder_port,
        stop=(("SIGTERM", 3.0), ("SIGKILL", 1.0)),
        orphan_signal="SIGKILL",
        cwd=Path(os.sep),
    )
