"""The application of our Prefect server: on SQLite its writers wait for each other.

Prefect begins its transactions as DEFERRED. Where one has read, another has written, and the first
then writes too, SQLite refuses it at once, whatever the busy timeout, because what it read is old
(https://www.sqlite.org/rescode.html#busy_snapshot). The server answers 503: Prefect's client asks
again, but its pages show the person an error, and with many clients hardly any request passes.
Begun as IMMEDIATE, a transaction waits for its turn, up to Prefect's busy timeout of a minute.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from prefect.server.api.server import create_app as create_prefect_app
from sqlalchemy import Engine, event


def create_app() -> FastAPI:
    """Return Prefect's own application, with the settings of the environment."""
    event.listen(Engine, "before_cursor_execute", _take_turns, retval=True)
    return create_prefect_app()


def _take_turns(
    _connection: Any,
    _cursor: Any,
    statement: str,
    parameters: Any,
    _context: Any,
    _executemany: bool,
) -> tuple[str, Any]:
    begin = "BEGIN DEFERRED"
    return ("BEGIN IMMEDIATE" if statement == begin else statement), parameters
