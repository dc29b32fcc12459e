"""Making the programs of an approved design, and finding what was released."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from prefect_luthier.blocks.blob_store import BlobStore
from prefect_luthier.errors import LuthierError
from prefect_luthier.rmos.approval.lifecycle import LIFECYCLE, TOOLPATHS_REQUESTED
from prefect_luthier.rmos.approval.rules import NotAllowed
from prefect_luthier.rmos.attachments.kinds import kind_of
from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.feasibility.engine import ENGINE_VERSION
from prefect_luthier.rmos.store.designs import (
    Author,
    Move,
    lock_design,
    move,
    newest_transition,
)
from prefect_luthier.rmos.store.tables import (
    DesignRow,
    ProgramRow,
    RunArtifactRow,
    TransitionRow,
)
from prefect_luthier.rmos.toolpaths.folder import ReleasedFile, Toolpaths, toolpaths
from prefect_luthier.rmos.toolpaths.options import CutOptions, Dialect
from prefect_luthier.rmos.toolpaths.release import ProgramRefused

Plan = Callable[[RosetteSpec, Context, Dialect, CutOptions], Toolpaths]

_DONE = "toolpaths_done"
_WITHDRAWING = frozenset({"revoke", "request_revision", "provide_context"})


@dataclass(frozen=True)
class Release:
    """Files that were released for a design, and the record of it."""

    design: DesignRow
    transition: TransitionRow
    artifact: RunArtifactRow
    files: tuple[ProgramRow, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the document of a release."""
        document = self.artifact.document
        return {
            "design": str(self.design.id),
            "state": self.design.state,
            "version": self.transition.number,
            "dialect": document["dialect"],
            "artifact": {"id": str(self.artifact.id), "digest": self.artifact.digest},
            "files": [
                {
                    "path": file.path,
                    "sha256": file.sha256,
                    "kind": file.kind,
                    "media_type": file.media_type,
                    "size_bytes": file.size_bytes,
                }
                for file in self.files
            ],
            "verification": document["verification"],
            "time_s": document["verification"]["time_s"],
            "length_mm": document["verification"]["length_mm"],
        }


@dataclass(frozen=True)
class ReleaseRequest:
    """What is to be made, for which design."""

    design_id: UUID
    dialect: Dialect = "grbl"
    options: CutOptions = field(default_factory=CutOptions)
    note: str = ""


def release(
    engine: Engine,
    blobs: BlobStore,
    request: ReleaseRequest,
    author: Author,
    plan: Plan = toolpaths,
) -> Release:
    """Make, verify and store the files of an approved design.

    The request is stored first; a failure, also of the simulation, is an edge of its own and keeps
    the reason. A later request takes the place of one whose run was lost.

    Raises:
        NotAllowed: The design is not approved (``not-approved``).
        ProgramRefused: A program failed its simulation.
        LuthierError: It cannot be cut, or somebody else moved the design meanwhile.
    """
    with Session(engine) as session:
        design = lock_design(session, request.design_id)
        newest = newest_transition(session, design.id)
        if newest is not None and newest.event == _DONE and _is_of(newest, author):
            return _recorded(session, newest)
        version, spec, context = _requested(session, design, request, author)
        session.commit()
    try:
        made = plan(spec, context, request.dialect, request.options)
        stored = [_stored(blobs, file) for file in made.files]
    except Exception as error:
        _record_failure(engine, request, author, error, version)
        raise
    with Session(engine) as session:
        done = _record_release(session, request, author, made, stored, version=version)
        session.commit()
        return _recorded(session, done)


def _is_of(transition: TransitionRow, author: Author) -> bool:
    return author.flow_run_id is not None and transition.flow_run_id == author.flow_run_id


def _requested(
    session: Session, design: DesignRow, request: ReleaseRequest, author: Author
) -> tuple[int, RosetteSpec, Context]:
    if TOOLPATHS_REQUESTED not in {
        LIFECYCLE.target(design.state, event) for event in LIFECYCLE.events_from(design.state)
    }:
        raise NotAllowed(
            "not-approved",
            f"design {str(design.id)[:8]} is {design.state}; programs are made for approved "
            "designs only.",
            f"`luthier rosette show {str(design.id)[:8]}` says what it needs.",
        )
    content = {"dialect": request.dialect, "options": request.options.model_dump(mode="json")}
    step = Move("request_toolpaths", request.note, content, engine=ENGINE_VERSION)
    version = move(session, design.id, author, step).number
    spec, context = RosetteSpec.model_validate(design.spec), Context.model_validate(design.context)
    return version, spec, context


def _stored(blobs: BlobStore, file: ReleasedFile) -> dict[str, Any]:
    sha256 = blobs.put(file.data)
    if sha256 != file.sha256:
        raise LuthierError("digest-mismatch", f"{file.name} changed while it was stored.")
    size = len(file.data)
    return {
        "path": file.name,
        "kind": file.kind,
        "sha256": sha256,
        "media_type": kind_of(io.BytesIO(file.data), size).media_type,
        "size_bytes": size,
    }


def _record_failure(
    engine: Engine, request: ReleaseRequest, author: Author, error: Exception, version: int
) -> None:
    reason = str(error) if isinstance(error, LuthierError) else type(error).__name__
    content: dict[str, Any] = {"reason": reason, "dialect": request.dialect}
    if isinstance(error, ProgramRefused):
        content["verification"] = error.report.to_json()
    step = Move("toolpaths_failed", reason, content, engine=ENGINE_VERSION, version=version)
    with Session(engine) as session:
        move(session, request.design_id, author, step)
        session.commit()


def _record_release(
    session: Session,
    request: ReleaseRequest,
    author: Author,
    made: Toolpaths,
    stored: list[dict[str, Any]],
    *,
    version: int,
) -> TransitionRow:
    content = {
        "dialect": request.dialect,
        "options": request.options.model_dump(mode="json"),
        "files": stored,
        "verification": made.report.to_json(),
    }
    step = Move(_DONE, request.note, content, engine=ENGINE_VERSION, version=version)
    done = move(session, request.design_id, author, step)
    session.add_all(
        ProgramRow(design_id=request.design_id, transition=done.number, **file) for file in stored
    )
    session.flush()
    return done


def newest_release(session: Session, design_id: UUID) -> Release | None:
    """Return what is released for a design; nothing once its approval was taken back."""
    query = (
        select(TransitionRow)
        .where(
            TransitionRow.design_id == design_id,
            col(TransitionRow.event).in_({_DONE, *_WITHDRAWING}),
        )
        .order_by(col(TransitionRow.number).desc())
        .limit(1)
    )
    newest = session.exec(query).first()
    return _recorded(session, newest) if newest is not None and newest.event == _DONE else None


def _recorded(session: Session, done: TransitionRow) -> Release:
    query = select(ProgramRow).where(
        ProgramRow.design_id == done.design_id, ProgramRow.transition == done.number
    )
    found = Release(
        design=session.get_one(DesignRow, done.design_id),
        transition=done,
        artifact=session.get_one(RunArtifactRow, done.artifact_id),
        files=tuple(session.exec(query.order_by(col(ProgramRow.path)))),
    )
    session.refresh(done)
    session.expunge_all()
    return found
