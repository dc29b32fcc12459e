"""Run artifacts: the immutable record of a decision, with a digest of its content."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlmodel import Session, col, select

from prefect_luthier.blocks.identifiers import find_by_prefix
from prefect_luthier.canonical import digest, jsonable
from prefect_luthier.rmos.store.tables import RunArtifactRow, TransitionRow


def record_artifact(
    session: Session,
    *,
    kind: str,
    document: dict[str, Any],
    actor: str,
    engine: str = "",
    decision: str | None = None,
    flow_run_id: UUID | None = None,
    correlation_id: UUID | None = None,
) -> RunArtifactRow:
    """Store what was decided and from what; the caller commits it with what it decides.

    The digest covers ``document`` only. No id of a request and no time belongs into it, so that
    the same decision about the same content always has the same digest.
    """
    stored = _stored_numbers(jsonable(document))
    row = RunArtifactRow(
        kind=kind,
        document=stored,
        digest=digest(stored),
        decision=decision,
        engine=engine,
        actor=actor,
        flow_run_id=flow_run_id,
    )
    if correlation_id is not None:
        row.correlation_id = correlation_id
    session.add(row)
    session.flush()
    return row


def is_intact(row: RunArtifactRow) -> bool:
    """Return whether an artifact's document still has its digest."""
    return digest(row.document) == row.digest


def find_artifact(session: Session, wanted: str) -> RunArtifactRow:
    """Return an artifact by its id or the start of it.

    Raises:
        UsageError: There is none (``unknown-artifact``) or several (``ambiguous-id``).
    """
    return find_by_prefix(
        session,
        RunArtifactRow,
        wanted,
        thing="artifact",
        advice="`luthier rosette show DESIGN` lists them.",
    )


def artifacts_of(session: Session, design_id: UUID) -> list[RunArtifactRow]:
    """Return the artifacts of a design's transitions, in their order."""
    query = (
        select(RunArtifactRow)
        .join(TransitionRow, col(TransitionRow.artifact_id) == col(RunArtifactRow.id))
        .where(TransitionRow.design_id == design_id)
        .order_by(col(TransitionRow.number))
    )
    return list(session.exec(query))


def _stored_numbers(value: Any) -> Any:
    """Return numbers as PostgreSQL gives them back: it knows no -0 and writes 1e16 in full."""
    if isinstance(value, float) and value.is_integer():
        if value == 0:
            return 0.0
        return int(value) if "e" in repr(value) else value
    if isinstance(value, dict):
        return {key: _stored_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_stored_numbers(item) for item in value]
    return value
