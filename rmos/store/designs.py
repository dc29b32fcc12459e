"""Designs and their transitions: each move is one transaction with its artifact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlmodel import Session, col, select

from prefect_luthier.blocks.columns import now
from prefect_luthier.blocks.identifiers import find_by_prefix
from prefect_luthier.canonical import storable_text
from prefect_luthier.errors import LuthierError
from prefect_luthier.rmos.approval.lifecycle import LIFECYCLE
from prefect_luthier.rmos.approval.rules import Decision, Standing, check_decision
from prefect_luthier.rmos.store.artifacts import record_artifact
from prefect_luthier.rmos.store.tables import DesignRow, RunArtifactRow, TransitionRow

_LONGEST_NOTE = 4000


@dataclass(frozen=True)
class Author:
    """Who moves a design, and in which run."""

    actor: str
    flow_run_id: UUID | None = None


@dataclass(frozen=True)
class Move:
    """One event and what is recorded with it.

    Args:
        event: An event of the lifecycle.
        note: What the author says to it.
        content: What belongs to the record beside the edge itself.
        decision: ALLOW or BLOCK, where the event is a verdict.
        engine: Version of the engine that had a part in it.
        version: The version that the design must have, if it must.
    """

    event: str
    note: str = ""
    content: dict[str, Any] | None = None
    decision: str | None = None
    engine: str = ""
    version: int | None = None


def new_design(
    session: Session, author: Author, *, name: str = "", search_id: UUID | None = None
) -> DesignRow:
    """Store a draft; the caller commits. A run that is executed again finds its own."""
    if author.flow_run_id is not None:
        query = select(DesignRow).where(DesignRow.flow_run_id == author.flow_run_id)
        existing = session.exec(query).first()
        if existing is not None:
            return existing
    row = DesignRow(
        id=uuid4(),
        name=storable_text(name)[:200],
        actor=author.actor,
        search_id=search_id,
        flow_run_id=author.flow_run_id,
        spec=None,
        context=None,
    )
    session.add(row)
    session.flush()
    return row


def lock_design(session: Session, design_id: UUID) -> DesignRow:
    """Return a design that nobody else can move until this transaction ends.

    Raises:
        LuthierError: There is no such design (``unknown-design``).
    """
    row = session.get(DesignRow, design_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise LuthierError("unknown-design", f"there is no design {design_id}.")
    return row


def newest_transition(session: Session, design_id: UUID) -> TransitionRow | None:
    """Return the transition that led to a design's state."""
    query = select(TransitionRow).where(TransitionRow.design_id == design_id)
    return session.exec(query.order_by(col(TransitionRow.number).desc()).limit(1)).first()


def move(session: Session, design_id: UUID, author: Author, step: Move) -> TransitionRow:
    """Take one edge of the lifecycle; the caller commits.

    A run that is executed again, and whose event is the newest one already, gets that one.

    Raises:
        IllegalTransition: The design's state has no edge for the event.
        LuthierError: There is no such design, or it was moved meanwhile (``design-moved``).
    """
    design = lock_design(session, design_id)
    if mine := _made_before(session, design, author, step.event):
        return mine
    _check_version(design, step.version)
    return _take(session, design, author, step)


def decide(
    session: Session,
    design_id: UUID,
    author: Author,
    decision: Decision,
    *,
    note: str = "",
    version: int | None = None,
) -> TransitionRow:
    """Take a person's decision about a design; the caller commits.

    Args:
        session: An open session.
        design_id: The design.
        author: Who decides.
        decision: What is decided.
        note: Why.
        version: The version that the person saw; refused when the design has moved since.

    Raises:
        IllegalTransition: The design's state has no edge for it.
        NotAllowed: A rule forbids it.
        LuthierError: There is no such design, or it was moved meanwhile (``design-moved``).
    """
    if not author.actor.strip():
        raise LuthierError("no-actor", "a decision needs the name of the person who makes it.")
    design = lock_design(session, design_id)
    if mine := _made_before(session, design, author, decision):
        return mine
    _check_version(design, version)
    note, before = _plain_note(note), standing(session, design)
    check_decision(decision, before, actor=author.actor, note=note)
    content = {
        "actor": author.actor,
        "note": note,
        "verdict_digest": design.verdict_digest,
        "risk": before.risk,
        "score": before.score,
        "submitted_by": before.submitted_by,
        "last_event": before.last_event,
    }
    return _take(session, design, author, Move(decision, note=note, content=content))


def standing(session: Session, design: DesignRow) -> Standing:
    """Return what the rules need to know of a design."""
    newest = newest_transition(session, design.id)
    return Standing(
        state=design.state,
        risk=design.risk,
        score=design.score,
        submitted_by=design.actor,
        last_event=newest.event if newest else None,
    )


def _made_before(
    session: Session, design: DesignRow, author: Author, event: str
) -> TransitionRow | None:
    newest = newest_transition(session, design.id)
    is_mine = (
        newest is not None
        and author.flow_run_id is not None
        and (newest.flow_run_id, newest.event) == (author.flow_run_id, event)
    )
    return newest if is_mine else None


def _check_version(design: DesignRow, version: int | None) -> None:
    if version is not None and version != design.version:
        raise LuthierError(
            "design-moved",
            f"design {str(design.id)[:8]} is at version {design.version} ({design.state}); "
            f"version {version} was expected.",
            "Somebody else moved it meanwhile: look at it again.",
        )


def _take(session: Session, design: DesignRow, author: Author, step: Move) -> TransitionRow:
    target = LIFECYCLE.target(design.state, step.event)
    artifact = record_artifact(
        session,
        kind=step.event,
        document={
            "event": step.event,
            "source": design.state,
            "target": target,
            "spec_digest": design.spec_digest,
            "context_digest": design.context_digest,
            **(step.content or {}),
        },
        actor=author.actor,
        engine=step.engine,
        decision=step.decision,
        flow_run_id=author.flow_run_id,
        correlation_id=design.correlation_id,
    )
    transition = TransitionRow(
        design_id=design.id,
        number=design.version + 1,
        event=step.event,
        source=design.state,
        target=target,
        actor=author.actor,
        note=_plain_note(step.note),
        artifact_id=artifact.id,
        flow_run_id=author.flow_run_id,
    )
    session.add(transition)
    session.flush()
    design.state, design.version, design.updated_at = target, transition.number, now()
    session.add(design)
    session.flush()
    return transition


def _plain_note(note: str) -> str:
    return storable_text(note).strip()[:_LONGEST_NOTE]


def find_design(session: Session, wanted: str | UUID) -> DesignRow:
    """Return a design by its id or the start of it.

    Raises:
        UsageError: There is none (``unknown-design``) or several (``ambiguous-id``).
    """
    return find_by_prefix(
        session,
        DesignRow,
        str(wanted),
        thing="design",
        advice="`luthier rosette designs` lists them.",
    )


def list_designs(session: Session, *, state: str | None = None, limit: int = 50) -> list[DesignRow]:
    """Return the designs that moved last, newest first."""
    query = select(DesignRow).order_by(col(DesignRow.updated_at).desc())
    if state is not None:
        query = query.where(DesignRow.state == state)
    return list(session.exec(query.limit(limit)))


def history(session: Session, design_id: UUID) -> list[tuple[TransitionRow, RunArtifactRow]]:
    """Return a design's transitions with their artifacts, in order."""
    query = (
        select(TransitionRow, RunArtifactRow)
        .join(RunArtifactRow, col(RunArtifactRow.id) == col(TransitionRow.artifact_id))
        .where(TransitionRow.design_id == design_id)
        .order_by(col(TransitionRow.number))
    )
    return list(session.exec(query))


def decision_json(row: DesignRow, step: TransitionRow) -> dict[str, Any]:
    """Return the document of a decision."""
    return {
        "design": str(row.id),
        "state": step.target,
        "version": step.number,
        "event": step.event,
        "source": step.source,
        "actor": step.actor,
        "note": step.note,
        "artifact": str(step.artifact_id),
    }
