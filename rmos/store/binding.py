"""The binding gate: a candidate is judged, and the verdict is recorded, whatever it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import Session

from prefect_luthier.errors import LuthierError
from prefect_luthier.rmos.approval.lifecycle import (
    CONTEXT_READY,
    DRAFT,
    FEASIBILITY_FAILED,
    FEASIBILITY_REQUESTED,
    LIFECYCLE,
    REVISION_REQUIRED,
)
from prefect_luthier.rmos.approval.rules import Standing
from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.feasibility.engine import ENGINE_VERSION, score
from prefect_luthier.rmos.feasibility.verdict import Verdict
from prefect_luthier.rmos.replay.decision import verdict_content
from prefect_luthier.rmos.store.artifacts import artifacts_of
from prefect_luthier.rmos.store.candidate import Candidate
from prefect_luthier.rmos.store.designs import (
    Author,
    Move,
    lock_design,
    move,
    new_design,
    newest_transition,
)
from prefect_luthier.rmos.store.tables import DesignRow, RunArtifactRow

Judge = Callable[[RosetteSpec, Context], Verdict]


@dataclass(frozen=True)
class Binding:
    """What the gate decided, and where it is recorded.

    Args:
        design: The design.
        artifact: The record of the verdict.
        is_new: Whether the verdict was made now, and not in an earlier execution of the same run.
    """

    design: DesignRow
    artifact: RunArtifactRow
    is_new: bool = True

    def to_json(self) -> dict[str, Any]:
        """Return the document of a binding."""
        document = self.artifact.document
        return {
            "design": str(self.design.id),
            "name": self.design.name,
            "state": self.design.state,
            "version": self.design.version,
            "revision": self.design.revision,
            "decision": self.artifact.decision,
            "risk": self.design.risk,
            "score": self.design.score,
            "violations": Verdict.model_validate(document["verdict"]).to_json()["violations"],
            "artifact": {"id": str(self.artifact.id), "digest": self.artifact.digest},
            "spec_digest": document["spec_digest"],
            "context_digest": document["context_digest"],
            "verdict_digest": document["verdict_digest"],
            "attachments": document["attachments"],
            "engine": self.artifact.engine,
        }


@dataclass(frozen=True)
class Submission:
    """What a candidate is submitted as.

    Args:
        candidate: The design and its context.
        name: Name for people.
        note: What its author says to it.
        search_id: The search that found it.
        design_id: The design whose revision it is; a new one without it.
    """

    candidate: Candidate
    name: str = ""
    note: str = ""
    search_id: UUID | None = None
    design_id: UUID | None = None


def bind(engine: Engine, submission: Submission, author: Author, judge: Judge = score) -> Binding:
    """Judge a candidate and record the verdict: a BLOCK as well as an ALLOW.

    The request is stored before the engine is asked, and a failure of the engine is an edge of
    its own: whatever happens, no design gets on without a verdict.

    Raises:
        IllegalTransition: The design to be revised is in no state for that.
        LuthierError: There is no such design, or somebody else moved it meanwhile.
    """
    with Session(engine) as session:
        design = _submitted(session, submission, author)
        design_id, version, state = design.id, design.version, design.state
        session.commit()
    if state != FEASIBILITY_REQUESTED:
        with Session(engine) as session:
            return replace(_recorded(session, design_id), is_new=False)
    candidate = submission.candidate
    try:
        verdict = judge(candidate.spec, candidate.context)
    except Exception as error:
        _record_failure(engine, design_id, author, error, version)
        raise
    with Session(engine) as session:
        _record_verdict(session, design_id, author, candidate, verdict, version=version)
        session.commit()
        return _recorded(session, design_id)


def _submitted(session: Session, submission: Submission, author: Author) -> DesignRow:
    """Bring a design to its request; one that this run has judged already stays as it is."""
    if submission.design_id is None:
        row = new_design(session, author, name=submission.name, search_id=submission.search_id)
        design_id = row.id
    else:
        design_id = submission.design_id
    design = lock_design(session, design_id)
    newest = newest_transition(session, design_id)
    is_mine = submission.design_id is None or (
        newest is not None and newest.flow_run_id == author.flow_run_id is not None
    )
    if is_mine and design.state not in {DRAFT, CONTEXT_READY, FEASIBILITY_FAILED}:
        return design
    if design.state in {DRAFT, REVISION_REQUIRED}:
        _take_over(session, design, submission, author)
    elif not is_mine:
        LIFECYCLE.target(design.state, "provide_context")  # says what is possible instead
    move(session, design_id, author, Move("request_feasibility", engine=ENGINE_VERSION))
    return design


def _take_over(session: Session, design: DesignRow, submission: Submission, author: Author) -> None:
    candidate = submission.candidate
    design.spec = candidate.spec.model_dump(mode="json")
    design.context = candidate.context.model_dump(mode="json")
    design.spec_digest, design.context_digest = candidate.spec.digest, candidate.context.digest
    design.decision = design.risk = design.score = design.verdict_digest = None
    design.actor, design.revision = author.actor, design.revision + 1
    content = {
        "spec": design.spec,
        "context": design.context,
        "attachments": candidate.attachments_json(),
    }
    move(session, design.id, author, Move("provide_context", submission.note, content))


def _record_failure(
    engine: Engine, design_id: UUID, author: Author, error: Exception, version: int
) -> None:
    reason = str(error) if isinstance(error, LuthierError) else type(error).__name__
    step = Move(
        "feasibility_failed",
        note=reason,
        content={"reason": reason},
        engine=ENGINE_VERSION,
        version=version,
    )
    with Session(engine) as session:
        move(session, design_id, author, step)
        session.commit()


def _record_verdict(
    session: Session,
    design_id: UUID,
    author: Author,
    candidate: Candidate,
    verdict: Verdict,
    *,
    version: int,
) -> None:
    design = lock_design(session, design_id)
    step = Move(
        "feasibility_done",
        content={
            "spec": design.spec,
            "context": design.context,
            "attachments": candidate.attachments_json(),
            **verdict_content(verdict),
        },
        decision=verdict.decision,
        engine=verdict.engine,
        version=version,
    )
    move(session, design_id, author, step)
    design.decision, design.risk, design.score = verdict.decision, verdict.risk, verdict.score
    design.verdict_digest = step.content["verdict_digest"] if step.content else None
    session.add(design)
    standing = Standing(design.state, verdict.risk, verdict.score, design.actor)
    if standing.is_red or verdict.decision != "ALLOW":
        content = {"verdict_digest": design.verdict_digest, "risk": verdict.risk}
        move(session, design_id, author, Move("auto_reject", content=content))


def _recorded(session: Session, design_id: UUID) -> Binding:
    """Return a design's newest verdict.

    Raises:
        LuthierError: It has none (``no-verdict``).
    """
    design = session.get_one(DesignRow, design_id)
    verdicts = [each for each in artifacts_of(session, design_id) if each.decision is not None]
    if not verdicts:
        raise LuthierError("no-verdict", f"design {str(design_id)[:8]} was never judged.")
    session.expunge_all()
    return Binding(design, verdicts[-1])
