"""A server for one command: shared, taken over by a stack, gone with its last user."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import httpx
import pytest

from prefect_luthier.deployments.stack.temporary import temporary_server

pytestmark = pytest.mark.stack

USE = (
    "import sys; from prefect_luthier.settings import load_settings;"
    "from prefect_luthier.deployments.stack.temporary import temporary_server\n"
    "with temporary_server(load_settings()) as url:\n"
    "    print(url, flush=True); sys.stdin.readline()"
)


def _user(stack: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", USE],
        env=stack.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_commands_share_a_server_and_a_stack_takes_it_over(stopped: Any) -> None:
    """Two commands and a stack that starts meanwhile use one server, which outlives each."""
    first, second = _user(stopped), _user(stopped)
    assert first.stdout is not None
    assert second.stdout is not None
    url = first.stdout.readline().strip()
    assert second.stdout.readline().strip() == url
    first.communicate("\n")
    assert httpx.get(f"{url}/health").is_success
    assert stopped.up()["prefect_api_url"] == url
    stopped.down()
    assert httpx.get(f"{url}/health").is_success  # the second command still uses it
    second.communicate("\n")
    assert stopped.processes() == []


def test_a_server_that_was_killed_is_started_anew(stopped: Any) -> None:
    """A command killed with SIGKILL leaves no server; the next command gets one."""
    killed = _user(stopped)
    assert killed.stdout is not None
    killed.stdout.readline()
    killed.kill()
    killed.communicate()
    assert stopped.eventually(lambda: not stopped.processes())
    with temporary_server(stopped.settings) as url:
        assert httpx.get(f"{url}/health").is_success
    assert stopped.processes() == []
