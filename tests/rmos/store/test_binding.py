"""The binding gate judges the real geometry and records every verdict."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from prefect_luthier.blocks.blob_store import BlobStore
from prefect_luthier.errors import InvalidInput
from prefect_luthier.lifecycle import IllegalTransition
from prefect_luthier.rmos.feasibility.engine import ENGINE_VERSION
from prefect_luthier.rmos.store.artifacts import find_artifact, is_intact
from prefect_luthier.rmos.store.attachments import Declaration, attach, list_attachments
from prefect_luthier.rmos.store.binding import Submission, bind
from prefect_luthier.rmos.store.candidate import Candidate, CandidateIds, read_candidate
from prefect_luthier.rmos.store.designs import (
    Author,
    decide,
    find_design,
    history,
    list_designs,
)

ANNA, BERT = Author("anna"), Author("bert")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>'
TOO_DEEP = {"channel_depth_mm": 2.7, "inlay_thickness_mm": 2.9}

MakeCandidate = Callable[..., Candidate]


@pytest.fixture
def engine(session: Session) -> Engine:
    """Give the engine of the test's database."""
    found = session.get_bind()
    assert isinstance(found, Engine)
    return found


def test_a_design_that_can_be_made_is_allowed(
    session: Session, engine: Engine, candidate: MakeCandidate
) -> None:
    """Spec, context, verdict, engine and digests are on record, and the design waits."""
    made = candidate()
    bound = bind(engine, Submission(made, name="OM", note="for Eva"), ANNA)
    document = bound.to_json()
    assert (document["decision"], document["state"]) == ("ALLOW", "feasibility_ready")
    assert document["risk"] in {"GREEN", "YELLOW"}
    artifact = find_artifact(session, document["artifact"]["id"])
    assert is_intact(artifact)
    assert artifact.document["spec"] == made.spec.model_dump(mode="json")
    assert artifact.document["context"]["machine"]["id"] == "shapeoko-3"
    assert artifact.document["attachments"]["spec"] == made.spec_sha256
    assert (artifact.engine, artifact.document["engine"]) == (ENGINE_VERSION, ENGINE_VERSION)
    assert document["spec_digest"] == made.spec.digest


def test_a_blocked_design_is_on_record_too(
    session: Session, engine: Engine, candidate: MakeCandidate
) -> None:
    """A BLOCK has its artifact with every violation, and the design is rejected at once."""
    bound = bind(engine, Submission(candidate(**TOO_DEEP)), ANNA)
    document = bound.to_json()
    assert (document["decision"], document["risk"]) == ("BLOCK", "RED")
    assert "FLOOR" in {violation["code"] for violation in document["violations"]}
    steps = [step.event for step, _ in history(session, bound.design.id)]
    assert steps == [
        "provide_context", "request_feasibility", "feasibility_done", "auto_reject",
    ]  # fmt: skip
    assert find_design(session, bound.design.id).state == "rejected"


def test_the_same_candidate_has_the_same_digest(engine: Engine, candidate: MakeCandidate) -> None:
    """The record of a verdict depends on its content alone: not on who, when, in which run."""
    digests = {
        bind(engine, Submission(candidate(), name=name), author).artifact.digest
        for name, author in [("a", ANNA), ("b", Author("bert", uuid4()))]
    }
    assert len(digests) == 1
    other = bind(engine, Submission(candidate(glue_gap_mm=0.06)), ANNA).artifact.digest
    assert other not in digests


def test_a_run_that_is_executed_again_binds_once(
    session: Session, engine: Engine, candidate: MakeCandidate
) -> None:
    """A retry of the same run finds its design and its verdict."""
    run, made = Author("anna", uuid4()), candidate()
    first, again = (bind(engine, Submission(made), run) for _ in range(2))
    assert (first.design.id, first.artifact.id) == (again.design.id, again.artifact.id)
    assert (first.is_new, again.is_new) == (True, False)
    assert len(list_designs(session)) == 1


def test_a_failure_of_the_engine_is_an_edge(
    session: Session, engine: Engine, candidate: MakeCandidate
) -> None:
    """A design without a verdict stands as failed, and a retry of the run judges it."""
    run, made = Author("anna", uuid4()), candidate()

    def fail(*_: Any) -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        bind(engine, Submission(made), run, judge=fail)
    design = list_designs(session)[0]
    assert (design.state, design.decision) == ("feasibility_failed", None)
    with pytest.raises(IllegalTransition):
        decide(session, design.id, BERT, "approve")
    session.rollback()
    assert bind(engine, Submission(made), run).to_json()["decision"] == "ALLOW"
    session.expire_all()
    assert find_design(session, design.id).state == "feasibility_ready"


def test_a_lost_run_leaves_a_request_that_a_retry_finishes(
    session: Session, engine: Engine, candidate: MakeCandidate
) -> None:
    """A process that is killed while it judges allows nothing; the same run goes on later."""
    run, made = Author("anna", uuid4()), candidate()

    def be_killed(*_: Any) -> Any:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bind(engine, Submission(made), run, judge=be_killed)
    assert list_designs(session)[0].state == "feasibility_requested"
    session.rollback()
    assert bind(engine, Submission(made), run).to_json()["state"] == "feasibility_ready"


def test_a_revision_is_judged_anew(
    session: Session, engine: Engine, candidate: MakeCandidate
) -> None:
    """Only a design that needs a revision takes one; the history keeps both."""
    first = bind(engine, Submission(candidate(**TOO_DEEP)), ANNA).design
    with pytest.raises(IllegalTransition, match="'rejected' cannot take"):
        bind(engine, Submission(candidate(), design_id=first.id), ANNA)
    decide(session, first.id, BERT, "request_revision", note="too deep")
    session.commit()
    bound = bind(engine, Submission(candidate(), design_id=first.id), BERT).to_json()
    assert (bound["design"], bound["revision"], bound["decision"]) == (str(first.id), 2, "ALLOW")
    artifacts = [artifact for _, artifact in history(session, first.id)]
    assert [each.decision for each in artifacts if each.decision] == ["BLOCK", "ALLOW"]


def ids(session: Session, blobs: BlobStore, *contents: bytes) -> list[str]:
    """Attach files; return their ids."""
    rows = [
        attach(session, blobs, content, Declaration("f"), limit_bytes=1 << 20, actor="anna")
        for content in contents
    ]
    session.commit()
    return [row.sha256 for row in rows]


def broken(design: dict[str, Any], context: dict[str, Any]) -> dict[str, tuple[bytes, bytes, str]]:
    """Return pairs of files that make no candidate, with the code of a finding."""
    good_design, good_context = json.dumps(design).encode(), json.dumps(context).encode()
    return {
        "not-a-number": (good_design.replace(b"1.5", b"NaN"), good_context, "not-finite"),
        "cut": (good_design[:-9], good_context, ""),
        "not-utf-8": (b"\xff" + good_design, good_context, ""),
        "no-rings": (json.dumps(design | {"rings": []}).encode(), good_context, ""),
        "many-rings": (
            json.dumps(design | {"rings": design["rings"] * 3400}).encode(),
            good_context,
            "",
        ),
        "negative": (json.dumps(design | {"glue_gap_mm": -1}).encode(), good_context, ""),
        "unknown-machine": (
            good_design,
            json.dumps(context | {"machine": "shapeoko-33"}).encode(),
            "",
        ),
        "swapped": (good_context, good_design, "wrong-kind"),
        "drawing-as-design": (SVG, good_context, "wrong-kind"),
    }


@pytest.mark.parametrize("name", broken({"rings": []}, {}))
def test_what_cannot_be_judged_leaves_nothing(
    session: Session,
    blobs: BlobStore,
    design_document: dict[str, Any],
    context_document: dict[str, Any],
    name: str,
) -> None:
    """Bad files give findings, and neither a design nor an artifact."""
    spec, context, code = broken(design_document, context_document)[name]
    with pytest.raises(InvalidInput) as refusal:
        read_candidate(session, blobs, CandidateIds(*ids(session, blobs, spec, context)))
    findings = [finding for finding in refusal.value.diagnostics if finding.is_error]
    assert findings
    assert not code or code in {finding.code for finding in findings}
    assert list_designs(session) == []


def test_all_findings_of_all_files_come_at_once(session: Session, blobs: BlobStore) -> None:
    """Missing ids and bad files are all named in one refusal."""
    spec = ids(session, blobs, b'{"rings": "none"}')[0]
    with pytest.raises(InvalidInput) as refusal:
        read_candidate(session, blobs, CandidateIds(spec, "beef", ("dead",)))
    codes = [finding.code for finding in refusal.value.diagnostics]
    assert codes[:2] == ["unknown-attachment", "unknown-attachment"]
    assert len(codes) > 2


def test_an_attachment_that_was_forged_is_no_candidate(
    session: Session, blobs: BlobStore, candidate: MakeCandidate, tmp_path: Path
) -> None:
    """Content that no longer has its checksum is found, also of a drawing beside the design."""
    made = candidate()
    drawing = ids(session, blobs, SVG)[0]
    (tmp_path / "blobs" / drawing[:2] / drawing).write_bytes(SVG.replace(b"path", b"script"))
    wanted = CandidateIds(made.spec_sha256[:10], made.context_sha256, (drawing,))
    with pytest.raises(InvalidInput) as refusal:
        read_candidate(session, blobs, wanted)
    assert [finding.code for finding in refusal.value.diagnostics] == ["blob-damaged"]
    assert len(list_attachments(session)) == 3
