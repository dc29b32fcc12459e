"""The stack's database: reachable, migrated, with the installed catalog in it."""

from __future__ import annotations

from sqlmodel import Session

from prefect_luthier.blocks import private_postgres
from prefect_luthier.blocks.database import database_url, open_engine
from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.migrations.upgrade import upgrade
from prefect_luthier.deployments.store.catalog import seed
from prefect_luthier.settings import Settings


def prepare(settings: Settings, catalog: Catalog) -> str:
    """Start or find the database, migrate it, store the installed catalog; return its URL.

    Raises:
        ServiceUnreachable: The database does not start or does not answer.
    """
    url = database_url(settings)
    upgrade(url)
    engine = open_engine(url)
    try:
        with Session(engine) as session:
            seed(session, catalog)
            session.commit()
    finally:
        engine.dispose()
    return url


def ensure_running(settings: Settings) -> None:
    """Start the private PostgreSQL again if its keeper was killed."""
    if not settings.database_url:
        private_postgres.ensure_running(settings.data_dir)


def release(settings: Settings) -> None:
    """Let go of the private PostgreSQL; it ends with its last user."""
    if not settings.database_url:
        private_postgres.stop(settings.data_dir)
