"""Storing and finding workflow definitions."""

from __future__ import annotations

from typing import Any

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Session, col, select

from prefect_luthier.canonical import digest_bytes
from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.store.tables import StoredDefinition

__all__ = ["StoredDefinition", "list_definitions", "load_definition", "save_definition"]


def save_definition(
    session: Session, definition: Definition, text: str, *, actor: str, provenance: dict[str, Any]
) -> StoredDefinition:
    """Store a definition once: the same content gives back the row that is there.

    Args:
        session: An open session; the caller commits.
        definition: The valid definition.
        text: Its source, as the person wrote it.
        actor: Who stores it.
        provenance: Drafter, model, snapshot; empty when written by hand.
    """
    row = StoredDefinition(
        workflow_id=definition.id,
        version=definition.version,
        digest=definition.digest,
        text_digest=digest_bytes(text.encode()),
        text=text,
        document=definition.to_json(),
        provenance=provenance,
        actor=actor,
    )
    session.execute(
        insert(StoredDefinition)
        .values(row.model_dump())
        .on_conflict_do_nothing(constraint="uq_definition_content")
    )
    return session.exec(
        select(StoredDefinition).where(
            StoredDefinition.workflow_id == row.workflow_id,
            StoredDefinition.digest == row.digest,
            StoredDefinition.text_digest == row.text_digest,
        )
    ).one()


def load_definition(
    session: Session, workflow_id: str, version: str | None = None, digest: str | None = None
) -> StoredDefinition | None:
    """Return the newest definition of a workflow that has the version and digest asked for."""
    query = select(StoredDefinition).where(StoredDefinition.workflow_id == workflow_id)
    if version is not None:
        query = query.where(StoredDefinition.version == version)
    if digest is not None:
        query = query.where(StoredDefinition.digest == digest)
    return session.exec(query.order_by(col(StoredDefinition.created_at).desc()).limit(1)).first()


def list_definitions(session: Session) -> list[StoredDefinition]:
    """Return the newest definition of every workflow, by id."""
    query = (
        select(StoredDefinition)
        .distinct(col(StoredDefinition.workflow_id))
        .order_by(col(StoredDefinition.workflow_id), col(StoredDefinition.created_at).desc())
    )
    return list(session.exec(query))
