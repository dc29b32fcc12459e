"""Alembic's entry: runs the versions on the connection that ``upgrade`` hands over."""

from alembic import context
from sqlmodel import SQLModel

from prefect_luthier.deployments.store import orchestrator_tables, tables

assert tables.StoredDefinition.__tablename__ in SQLModel.metadata.tables
assert orchestrator_tables.EffectRow.__tablename__ in SQLModel.metadata.tables

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=SQLModel.metadata, compare_type=True)
with context.begin_transaction():
    context.run_migrations()
