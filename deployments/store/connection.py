"""The way to the store: one engine a process, on a database with the newest schema."""

from __future__ import annotations

import atexit
import threading

from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from prefect_luthier.blocks.database import check_reachable, database_url, open_engine
from prefect_luthier.deployments.migrations.head import HEAD
from prefect_luthier.deployments.stack.state import running_stack
from prefect_luthier.settings import Settings

_engines: dict[str, Engine] = {}
_opening = threading.Lock()


def open_store(settings: Settings) -> Engine:
    """Return the engine of the store: the running stack's database, or the configured one.

    Raises:
        ServiceUnreachable: The database does not answer.
        UsageError: The configured URL names no PostgreSQL.
    """
    stack = None if settings.database_url else running_stack(settings)
    url = stack.database_url if stack else database_url(settings)
    with _opening:
        engine = _engines.get(url)
        if engine is None:
            engine = _engines[url] = _opened(url)
    return engine


@atexit.register
def close_stores() -> None:
    """Close the connections of all engines; the next `open_store` opens anew."""
    with _opening:
        while _engines:
            _engines.popitem()[1].dispose()


def _opened(url: str) -> Engine:
    engine = open_engine(url)
    check_reachable(engine)
    if _revision(engine) != HEAD:
        from prefect_luthier.deployments.migrations.upgrade import (  # noqa: PLC0415 - loads Alembic
            upgrade,
        )

        upgrade(url)
    return engine


def _revision(engine: Engine) -> str | None:
    try:
        with engine.connect() as connection:
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    except ProgrammingError:
        return None
