"""Which Prefect server a command works with: the one that is set, the stack's, or its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from prefect_luthier.deployments.stack.environment import client_environment
from prefect_luthier.deployments.stack.state import running_stack
from prefect_luthier.settings import Settings, load_settings
from prefect_luthier.ui.cli.output import say


@contextmanager
def prefect_connection(settings: Settings, *, may_start: bool = True) -> Iterator[Settings]:
    """Point this process at a Prefect server; say which. Prefect must not be imported yet.

    Args:
        settings: The settings.
        may_start: Whether to start a server for the time of the command if there is none.

    Yields:
        The settings with which to go on.
    """
    # Prefect's own log lines go to the server; on the terminal the command's view is enough.
    for handler in ("CONSOLE", "DEBUG"):
        os.environ.setdefault(f"PREFECT_LOGGING_HANDLERS_{handler}_LEVEL", "CRITICAL")
    stack = running_stack(settings)
    if settings.prefect_api_url:
        say(f"Prefect server: {settings.prefect_api_url} (from the environment)")
        os.environ["PREFECT_API_URL"] = settings.prefect_api_url
        yield load_settings()
    elif stack is not None:
        say(f"Prefect server: {stack.prefect_api_url} (the running stack)")
        _adopt(client_environment(settings, stack.prefect_api_url))
        yield load_settings()
    elif not may_start:
        yield settings
    else:
        from prefect_luthier.deployments.stack.temporary import (  # noqa: PLC0415 - only if needed
            temporary_server,
        )

        say("No Prefect server is running: starting one for this command. `luthier up` keeps one.")
        with temporary_server(settings) as url:
            _adopt(client_environment(settings, url))
            yield load_settings()


def _adopt(environment: dict[str, str | None]) -> None:
    for name, value in environment.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
