"""The stack's database: reachable, migrated, with the installed catalog in it."""

from __future__ import annotations

from sqlalchemy import Engine
from sqlmodel import Session

from prefect_luthier.blocks import private_postgres
from prefect_luthier.blocks.database import check_reachable, database_url, open_engine
from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.migrations.upgrade import upgrade
from prefect_luthier.deployments.store.catalog import seed
from prefect_luthier.errors import ServiceUnreachable
from prefect_luthier.settings import Settings


def prepare(settings: Settings, catalog: Catalog) -> str:
    """Start or find the database, migrate it, store the installed catalog; return its URL.

    Raises:
        ServiceUnreachable: The database does not start or does not answer.
    """
    url = database_url(settings)
    engine = open_engine(url)
    try:
        if settings.database_url:
            check_given(engine)
        upgrade(url)
        with Session(engine) as session:
            seed(session, catalog)
            session.commit()
    finally:
        engine.dispose()
    return url


def check_given(engine: Engine) -> None:
    """Make one round trip to the database of ``DATABASE_URL``.

    Raises:
        ServiceUnreachable: It does not answer.
    """
    try:
        check_reachable(engine)
    except ServiceUnreachable as error:
        advice = "Check DATABASE_URL, or unset it to use the private PostgreSQL."
        raise ServiceUnreachable(error.code, error.message, advice) from error


def ensure_running(settings: Settings) -> None:
    """Start the private PostgreSQL again if its keeper was killed."""
    if not settings.database_url:
        private_postgres.ensure_running(settings.data_dir)


def release(settings: Settings) -> None:
    """Let go of the private PostgreSQL; it ends with its last user."""
    if not settings.database_url:
        private_postgres.stop(settings.data_dir)
