"""The migrations and the models are the same schema, and data survives an upgrade."""

from __future__ import annotations

from uuid import uuid4

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel

from prefect_luthier.blocks.database import open_engine
from prefect_luthier.deployments.migrations.head import HEAD
from prefect_luthier.deployments.migrations.upgrade import alembic_config, upgrade
from prefect_luthier.deployments.store import orchestrator_tables, tables
from prefect_luthier.errors import ServiceUnreachable, UsageError
from prefect_luthier.rmos.store import tables as rosette_tables


def test_migrations_and_models_agree(postgres_url: str) -> None:
    """A migrated database has exactly the tables and columns of the models."""
    for model in (tables.StoredDefinition, rosette_tables.SearchRow, orchestrator_tables.EffectRow):
        assert model.__tablename__ in SQLModel.metadata.tables
    engine = open_engine(postgres_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, SQLModel.metadata) == []
    engine.dispose()


def test_the_comparison_can_fail(postgres_url: str) -> None:
    """A column that only the database has shows up as a difference."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("ALTER TABLE draft ADD COLUMN stray text")
    engine = open_engine(postgres_url)
    with engine.connect() as connection:
        differences = compare_metadata(MigrationContext.configure(connection), SQLModel.metadata)
    engine.dispose()
    assert [difference[0] for difference in differences] == ["remove_column"]


def test_a_second_upgrade_changes_nothing(postgres_url: str) -> None:
    """Data stays when an up-to-date database is upgraded again."""
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute("INSERT INTO catalog_entry VALUES ('a', '1.0.0', 'test', '{}', now())")
    upgrade(postgres_url)
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute("SELECT slug FROM catalog_entry").fetchall() == [("a",)]


@pytest.mark.parametrize(
    "table",
    [
        "definition",
        "audit_event",
        "rosette_attempt",
        "rosette_attachment",
        "rosette_run_artifact",
        "rosette_transition",
        "rosette_program",
        "action_plan",
        "effect_event",
        "policy_decision",
    ],
)
@pytest.mark.parametrize(
    "statement", ["DELETE FROM {}", "UPDATE {} SET created_at = now()", "TRUNCATE {} CASCADE"]
)
def test_records_are_append_only(postgres_url: str, table: str, statement: str) -> None:
    """The database refuses to change or remove what was recorded."""
    with (
        psycopg.connect(postgres_url, autocommit=True) as connection,
        pytest.raises(psycopg.errors.RestrictViolation, match="never changed"),
    ):
        connection.execute(statement.format(table))


def test_an_unreachable_database_is_named() -> None:
    """A database that does not answer is one clear error, not a traceback."""
    with pytest.raises(ServiceUnreachable, match=r"127\.0\.0\.1:1/x does not answer"):
        upgrade("postgresql://nobody:secret@127.0.0.1:1/x")


def test_another_kind_of_database_is_refused() -> None:
    """Only PostgreSQL will do, and the message says so."""
    with pytest.raises(UsageError, match="'sqlite'"):
        upgrade("sqlite:///x.db")


def test_head_names_the_newest_revision() -> None:
    """The constant that saves loading Alembic is what Alembic would say."""
    assert ScriptDirectory.from_config(alembic_config()).get_current_head() == HEAD


def test_data_of_the_first_schema_survives(postgres: str, template_database: str) -> None:
    """A database that was made by the first revision, with data in it, reaches the newest one."""
    assert template_database
    name = f"old_{uuid4().hex[:8]}"
    url = postgres.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    upgrade(url, "0001")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO run (run_id, tenant, workflow_id, version, definition_digest,"
            " plan_digest, plan, actor, state, message, created_at)"
            " VALUES (gen_random_uuid(), 'default', 'w', '1.0.0', 'd', 'p', '{}', 'a',"
            " 'failed', 'why', now())"
        )
    upgrade(url)
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT workflow_id, message, artifacts FROM run").fetchall()
    assert rows == [("w", "why", [])]


def test_rosette_records_survive(postgres: str, template_database: str) -> None:
    """A search and a design of the schema that introduced them are there after an upgrade."""
    assert template_database
    name = f"old_{uuid4().hex[:8]}"
    url = postgres.replace("/postgres?", f"/{name}?")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    upgrade(url, "0003")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO rosette_search VALUES (gen_random_uuid(), 'default', 'a',"
            " gen_random_uuid(), NULL, '{}', 'sha256:c', 'numeric', 7, '{}', '1', 'success',"
            " 'sha256:b', 90, 5, 50, 1.5, '[]', now(), now())"
        )
        connection.execute(
            "INSERT INTO rosette_design (id, tenant, name, actor, correlation_id, state, version,"
            " revision, created_at, updated_at) VALUES (gen_random_uuid(), 'default', 'OM', 'a',"
            " gen_random_uuid(), 'draft', 0, 0, now(), now())"
        )
    upgrade(url)
    with psycopg.connect(url) as connection:
        rows = connection.execute("SELECT seed, best_score FROM rosette_search").fetchall()
        designs = connection.execute("SELECT name, state FROM rosette_design").fetchall()
    assert (rows, designs) == ([(7, 90.0)], [("OM", "draft")])
