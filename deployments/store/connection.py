"""The way to the store: one engine a process, on a database with the newest schema."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import Engine, text
from sqlalchemy.exc import ProgrammingError

from prefect_luthier.blocks.database import check_reachable, database_url, open_engine
from prefect_luthier.deployments.migrations.head import HEAD
from prefect_luthier.deployments.stack.state import running_stack
from prefect_luthier.settings import Settings


def open_store(settings: Settings) -> Engine:
    """Return the engine of the store: the running stack's database, or the configured one.

    Raises:
        ServiceUnreachable: The database does not answer.
        UsageError: The configured URL names no PostgreSQL.
    """
    stack = None if settings.database_url else running_stack(settings)
    return _engine(stack.database_url if stack else database_url(settings))


@lru_cache(maxsize=4)
def _engine(url: str) -> Engine:
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
