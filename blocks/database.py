"""The connection to PostgreSQL: which one, and one engine for it."""

from __future__ import annotations

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import ArgumentError, OperationalError

from prefect_luthier.canonical import canonical_json
from prefect_luthier.errors import ServiceUnreachable, UsageError
from prefect_luthier.settings import Settings

_DRIVER = "postgresql+psycopg"


def database_url(settings: Settings) -> str:
    """Return the URL of the database in use, starting the private one where none is given.

    Raises:
        ServiceUnreachable: The private PostgreSQL does not start.
        UsageError: The configured URL names no PostgreSQL.
    """
    if settings.database_url:
        return normalise_url(settings.database_url)
    from prefect_luthier.blocks import private_postgres  # noqa: PLC0415 - loads its binaries

    return normalise_url(private_postgres.ensure_running(settings.data_dir))


def normalise_url(url: str) -> str:
    """Return ``url`` with the driver that Luthier uses.

    Raises:
        UsageError: It is no PostgreSQL URL.
    """
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.split("+")[0] not in {"postgresql", "postgres"}:
        raise UsageError(
            "bad-database-url",
            f"the database URL starts with {scheme!r}, not with postgresql://.",
            "Set DATABASE_URL to a PostgreSQL, or unset it to use the private one.",
        )
    return f"{_DRIVER}://{rest}"


def open_engine(url: str) -> Engine:
    """Return an engine for ``url``; connections are checked before use and made on demand.

    Raises:
        UsageError: The URL cannot be read.
    """
    try:
        return create_engine(
            normalise_url(url),
            pool_pre_ping=True,
            pool_size=4,
            connect_args={"connect_timeout": 10},
            json_serializer=lambda value: canonical_json(value).decode(),
        )
    except ArgumentError as error:
        raise UsageError(
            "bad-database-url", f"the database URL cannot be read: {error}."
        ) from error


def check_reachable(engine: Engine) -> None:
    """Make one round trip.

    Raises:
        ServiceUnreachable: The database does not answer.
    """
    try:
        with engine.connect() as connection:
            connection.execute(text("SELECT 1"))
    except OperationalError as error:
        reason = str(error.orig).strip().splitlines()[0] if error.orig else str(error)
        shown = engine.url.render_as_string(hide_password=True)
        raise ServiceUnreachable(
            "database-unreachable",
            f"the database {shown} does not answer: {reason}",
            "Start it, or run `luthier up`, which brings its own.",
        ) from error
