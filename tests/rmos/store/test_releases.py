"""Programs are released for approved designs only, verified, and withdrawn with the approval."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from prefect_luthier.blocks.blob_store import BlobStore
from prefect_luthier.errors import LuthierError
from prefect_luthier.lifecycle import IllegalTransition
from prefect_luthier.rmos.approval.rules import NotAllowed
from prefect_luthier.rmos.store.binding import Submission, bind
from prefect_luthier.rmos.store.candidate import Candidate
from prefect_luthier.rmos.store.designs import Author, decide, find_design, history
from prefect_luthier.rmos.store.releases import ReleaseRequest, newest_release, release
from prefect_luthier.rmos.toolpaths.folder import Toolpaths, toolpaths
from prefect_luthier.rmos.toolpaths.release import ProgramRefused

ANNA, BERT = Author("anna"), Author("bert")


@pytest.fixture
def engine(session: Session) -> Engine:
    """Give the engine of the test's database."""
    found = session.get_bind()
    assert isinstance(found, Engine)
    return found


@pytest.fixture
def approved(session: Session, engine: Engine, candidate: Callable[..., Candidate]) -> UUID:
    """Give the id of an approved design."""
    design_id = bind(engine, Submission(candidate()), ANNA).design.id
    decide(session, design_id, BERT, "approve")
    session.commit()
    return design_id


def state_of(session: Session, design_id: UUID) -> str:
    """Return a design's state, read anew."""
    session.rollback()
    return find_design(session, design_id).state


def test_files_and_their_verification_are_stored(
    session: Session, engine: Engine, blobs: BlobStore, approved: UUID
) -> None:
    """Every file is a blob under its checksum; the record names them and the simulation."""
    made = release(engine, blobs, ReleaseRequest(approved, "linuxcnc"), BERT)
    assert state_of(session, approved) == "toolpaths_ready"
    for file in made.files:
        assert hashlib.sha256(blobs.get(file.sha256)).hexdigest() == file.sha256
    document = made.artifact.document
    assert document["verification"]["passed"]
    assert {each["path"] for each in document["files"]} == {each.path for each in made.files}
    found = newest_release(session, approved)
    assert found is not None
    assert found.artifact.digest == made.artifact.digest


def test_the_same_design_gives_the_same_record(
    engine: Engine, blobs: BlobStore, approved: UUID
) -> None:
    """Programs are made again on wish, byte for byte the same, with the same digest."""
    one, other = (release(engine, blobs, ReleaseRequest(approved), BERT) for _ in range(2))
    assert one.transition.number < other.transition.number
    assert [f.sha256 for f in one.files] == [f.sha256 for f in other.files]
    assert one.artifact.document["files"] == other.artifact.document["files"]


def test_only_an_approved_design_has_programs(
    session: Session, engine: Engine, blobs: BlobStore, candidate: Callable[..., Candidate]
) -> None:
    """A design that waits or is rejected is refused, and does not move."""
    design_id = bind(engine, Submission(candidate()), ANNA).design.id
    for decision, state in [(None, "feasibility_ready"), ("reject", "rejected")]:
        if decision:
            decide(session, design_id, BERT, "reject")
            session.commit()
        with pytest.raises(NotAllowed, match="approved designs only"):
            release(engine, blobs, ReleaseRequest(design_id), BERT)
        assert state_of(session, design_id) == state


class Interrupted:
    """A planner during which something happens."""

    def __init__(self, happens: Callable[[], Any]) -> None:
        self.happens = happens

    def __call__(self, *arguments: Any) -> Toolpaths:
        """Let it happen, then plan."""
        self.happens()
        return toolpaths(*arguments)


def test_a_program_that_fails_its_simulation_is_not_released(
    session: Session, engine: Engine, blobs: BlobStore, approved: UUID
) -> None:
    """The report of the simulation is kept with the failure, and no file is."""
    report = toolpaths_report(session, approved)

    def refuse(*_: Any) -> Toolpaths:
        raise ProgramRefused(report.program, report.report)

    with pytest.raises(ProgramRefused):
        release(engine, blobs, ReleaseRequest(approved), BERT, plan=refuse)
    assert state_of(session, approved) == "toolpaths_failed"
    step, artifact = history(session, approved)[-1]
    assert "failed its simulation" in step.note
    assert "gouge_mm2" in artifact.document["verification"]
    assert newest_release(session, approved) is None
    assert release(engine, blobs, ReleaseRequest(approved), BERT).design.state == "toolpaths_ready"


def toolpaths_report(session: Session, design_id: UUID) -> Any:
    """Return a program of a design with its report."""
    from prefect_luthier.rmos.design.context import Context
    from prefect_luthier.rmos.design.spec import RosetteSpec

    row = find_design(session, design_id)
    spec, context = RosetteSpec.model_validate(row.spec), Context.model_validate(row.context)
    return toolpaths(spec, context, "grbl").programs[0]


def test_a_lost_run_does_not_hold_a_design(
    session: Session, engine: Engine, blobs: BlobStore, approved: UUID
) -> None:
    """After a crash while programs are made, the next request takes over."""
    with pytest.raises(KeyboardInterrupt):
        release(engine, blobs, ReleaseRequest(approved), BERT, plan=Interrupted(be_killed))
    assert state_of(session, approved) == "toolpaths_requested"
    assert newest_release(session, approved) is None
    release(engine, blobs, ReleaseRequest(approved), ANNA)
    assert state_of(session, approved) == "toolpaths_ready"


def be_killed() -> None:
    """End like a process that is told to."""
    raise KeyboardInterrupt


def test_a_request_that_was_taken_over_releases_nothing(
    session: Session, engine: Engine, blobs: BlobStore, approved: UUID
) -> None:
    """Of two requests at a time, the later one releases; the earlier one is told."""

    def request_again() -> None:
        release(engine, blobs, ReleaseRequest(approved, "linuxcnc"), ANNA)

    with pytest.raises(LuthierError) as refusal:
        release(engine, blobs, ReleaseRequest(approved), BERT, plan=Interrupted(request_again))
    assert refusal.value.code == "design-moved"
    session.rollback()
    found = newest_release(session, approved)
    assert found is not None
    assert found.artifact.document["dialect"] == "linuxcnc"


def test_an_approval_taken_back_meanwhile_stops_the_release(
    session: Session, engine: Engine, blobs: BlobStore, approved: UUID
) -> None:
    """Programs that were being made when the approval was revoked are not released."""

    def revoke() -> None:
        decide(session, approved, ANNA, "revoke")
        session.commit()

    with pytest.raises((LuthierError, IllegalTransition)):
        release(engine, blobs, ReleaseRequest(approved), BERT, plan=Interrupted(revoke))
    assert state_of(session, approved) == "rejected"
    assert newest_release(session, approved) is None


def test_a_run_that_is_executed_again_releases_once(
    engine: Engine, blobs: BlobStore, approved: UUID
) -> None:
    """A retry of the same run finds its release."""
    run = Author("bert", uuid4())
    one, other = (release(engine, blobs, ReleaseRequest(approved), run) for _ in range(2))
    assert one.transition.number == other.transition.number


def test_a_revised_design_has_no_programs_yet(
    session: Session,
    engine: Engine,
    blobs: BlobStore,
    approved: UUID,
    candidate: Callable[..., Candidate],
) -> None:
    """What was made for the earlier revision is not handed out for the new one."""
    release(engine, blobs, ReleaseRequest(approved), BERT)
    decide(session, approved, ANNA, "request_revision")
    session.commit()
    assert newest_release(session, approved) is None
    bind(engine, Submission(candidate(channel_depth_mm=1.2), design_id=approved), ANNA)
    session.rollback()
    decide(session, approved, BERT, "approve")
    session.commit()
    assert newest_release(session, approved) is None
