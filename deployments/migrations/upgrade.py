"""Bringing a database to the newest schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from prefect_luthier.blocks.database import check_reachable, open_engine

# Any constant will do; it keeps two processes from migrating at once.
_ADVISORY_LOCK = 4_815_162_342


def upgrade(url: str, revision: str = "head") -> None:
    """Apply the migrations that the database at ``url`` lacks, in one transaction.

    Raises:
        ServiceUnreachable: The database does not answer.
    """
    engine = open_engine(url)
    try:
        check_reachable(engine)
        with engine.begin() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            config = alembic_config()
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    finally:
        engine.dispose()


def alembic_config() -> Config:
    """Return Alembic's configuration; the connection is handed over in its attributes."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    return config
