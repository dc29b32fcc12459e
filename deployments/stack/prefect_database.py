"""Where Prefect's own server keeps its tables.

On the PostgreSQL of ``DATABASE_URL`` where that has ``pg_trgm``, in a database of its own beside
ours (``<name>_prefect``); else in a SQLite file of the data directory.
"""

from __future__ import annotations

from sqlalchemy import URL, Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from prefect_luthier.blocks.database import normalise_url, open_engine
from prefect_luthier.deployments.stack.database import check_given
from prefect_luthier.deployments.stack.environment import prefect_home
from prefect_luthier.settings import Settings

SUFFIX = "_prefect"

# What asyncpg understands of libpq's options, and its name for it.
_ASYNCPG_OPTIONS = {"host": "host", "port": "port", "sslmode": "ssl"}


def prefect_database_url(settings: Settings) -> str:
    """Return the SQLAlchemy URL for the server, creating its database where it lacks.

    Raises:
        ServiceUnreachable: ``DATABASE_URL`` is set and does not answer.
    """
    if settings.database_url:
        ours = make_url(normalise_url(settings.database_url))
        theirs = ours.set(database=f"{ours.database or 'luthier'}{SUFFIX}")
        if _is_usable(ours, theirs):
            return _asyncpg(theirs).render_as_string(hide_password=False)
    prefect_home(settings).mkdir(parents=True, exist_ok=True)
    file = URL.create("sqlite+aiosqlite", database=str(prefect_home(settings) / "prefect.db"))
    return file.render_as_string(hide_password=False)


def _is_usable(ours: URL, theirs: URL) -> bool:
    engine = open_engine(ours.render_as_string(hide_password=False))
    try:
        check_given(engine)
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            if not _has_trigrams(connection) or not _create_database(connection, theirs):
                return False
    finally:
        engine.dispose()
    engine = open_engine(theirs.render_as_string(hide_password=False))
    try:
        with engine.begin() as connection:
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS pg_trgm"))
    except DBAPIError:
        return False  # it may not; Prefect's migrations could not either
    else:
        return True
    finally:
        engine.dispose()


def _has_trigrams(connection: Connection) -> bool:
    query = text("SELECT 1 FROM pg_available_extensions WHERE name = 'pg_trgm'")
    return connection.execute(query).first() is not None


def _create_database(connection: Connection, wanted: URL) -> bool:
    query = text("SELECT 1 FROM pg_database WHERE datname = :name")
    if connection.execute(query, {"name": wanted.database}).first() is not None:
        return True
    quoted = connection.dialect.identifier_preparer.quote_identifier(str(wanted.database))
    try:
        connection.execute(text(f"CREATE DATABASE {quoted}"))
    except DBAPIError:
        return False  # this user may not; Prefect gets its file
    return True


def _asyncpg(url: URL) -> URL:
    options = {_ASYNCPG_OPTIONS[k]: v for k, v in url.query.items() if k in _ASYNCPG_OPTIONS}
    return url.set(drivername="postgresql+asyncpg", query=options)
