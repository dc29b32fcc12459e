"""A Prefect server for the time of one command, where no stack runs.

It is the stack's own server: same settings, same database file, kept by the same keeper. So two
commands at once share it, and a stack that starts meanwhile takes it over instead of opening
the file a second time. It ends with its last user.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import httpx

from prefect_luthier.deployments.stack.environment import prefect_home
from prefect_luthier.deployments.stack.log_tail import log_tail
from prefect_luthier.deployments.stack.prefect_api import credentials
from prefect_luthier.deployments.stack.prefect_database import prefect_database_url
from prefect_luthier.deployments.stack.services import logs_dir, server_service
from prefect_luthier.errors import ServiceUnreachable
from prefect_luthier.kept_service import Hold, hold
from prefect_luthier.settings import Settings

_POLL_S = 0.05
_READY_TIMEOUT_S = 120.0
_DEATHS_BEFORE_READY = 2


@contextmanager
def temporary_server(settings: Settings) -> Iterator[str]:
    """Use a Prefect server; yields the URL of its API when it is ready.

    Raises:
        ServiceUnreachable: It does not start; the message quotes its log.
    """
    prefect_home(settings).mkdir(parents=True, exist_ok=True)
    logs_dir(settings).mkdir(parents=True, exist_ok=True)
    held = hold(server_service(settings, prefect_database_url(settings)))
    try:
        url = f"http://127.0.0.1:{held.await_report().port}/api"
        _await_ready(held, url)
        yield url
    finally:
        held.release()


def _await_ready(held: Hold, url: str) -> None:
    deadline = time.monotonic() + _READY_TIMEOUT_S
    with httpx.Client(timeout=5.0, trust_env=False, **credentials()) as client:
        while time.monotonic() < deadline:
            with suppress(httpx.HTTPError):
                if client.get(f"{url}/health").is_success:
                    return
            report = held.status
            if report and (report.status == "failed" or report.restarts >= _DEATHS_BEFORE_READY):
                break
            held.ensure_kept()
            time.sleep(_POLL_S)
    raise ServiceUnreachable(
        "server-not-started",
        f"The Prefect server does not start. Its log ends with:\n{log_tail(held.spec.log)}",
        f"The whole log is {held.spec.log}.",
    )
