"""A design moves only along its edges, once for each decision, with a record of every move."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from prefect_luthier.blocks.database import open_engine
from prefect_luthier.errors import LuthierError, UsageError
from prefect_luthier.lifecycle import IllegalTransition
from prefect_luthier.rmos.store.artifacts import artifacts_of, find_artifact, is_intact
from prefect_luthier.rmos.store.designs import (
    Author,
    Move,
    decide,
    find_design,
    history,
    list_designs,
    move,
    new_design,
)

ANNA, BERT = Author("anna"), Author("bert")
REASON = "the customer accepts it"

Judged = Callable[..., UUID]


def test_every_move_leaves_a_record(session: Session, judged: Judged) -> None:
    """The history names event, states, person and note, each with an artifact of its own."""
    design_id = judged()
    decide(session, design_id, BERT, "approve", note=" looks right\0 ")
    session.commit()
    steps = history(session, design_id)
    assert [step.event for step, _ in steps] == [
        "provide_context", "request_feasibility", "feasibility_done", "approve",
    ]  # fmt: skip
    last, artifact = steps[-1]
    assert (last.source, last.target, last.actor) == ("feasibility_ready", "approved", "bert")
    assert last.note.startswith("looks right")
    assert (artifact.document["actor"], artifact.kind) == ("bert", "approve")
    assert len({each.id for each in artifacts_of(session, design_id)}) == 4
    assert all(is_intact(each) for each in artifacts_of(session, design_id))
    assert find_design(session, str(design_id)[:8]).state == "approved"
    assert find_artifact(session, str(artifact.id)[:8]).digest == artifact.digest


def test_the_same_decision_has_the_same_digest(session: Session, judged: Judged) -> None:
    """An artifact's digest covers what was decided, not when or in which run."""
    one, other = judged(), judged()
    for design_id in (one, other):
        decide(session, design_id, Author("bert", uuid4()), "reject", note="too wide")
    session.commit()
    digests = {artifacts_of(session, design_id)[-1].digest for design_id in (one, other)}
    assert len(digests) == 1


@pytest.mark.parametrize(
    "number", [-0.0, 1e16, 1.5e300, 5e-324, 0.1, 1e-7, 2**53 + 1, float("nan")], ids=str
)
def test_a_digest_survives_the_database(postgres_url: str, number: float) -> None:
    """Numbers that PostgreSQL writes in another way do not make a record look forged."""
    engine = open_engine(postgres_url)
    with Session(engine) as session:
        design = new_design(session, ANNA)
        step = move(session, design.id, ANNA, Move("provide_context", content={"x": [number]}))
        session.commit()
        artifact_id = str(step.artifact_id)
    with Session(engine) as session:
        assert is_intact(find_artifact(session, artifact_id))
    engine.dispose()


def test_two_approvals_at_once_are_one(postgres_url: str, judged: Judged) -> None:
    """Of many people who decide at the same moment, one does; the others are told."""
    design_id, engine = judged(), open_engine(postgres_url)
    together = threading.Barrier(4)

    def approve(name: str) -> str:
        with Session(engine) as session:
            together.wait(30)
            try:
                decide(session, design_id, Author(name), "approve")
            except IllegalTransition as refusal:
                return refusal.code
            session.commit()
            return "done"

    with ThreadPoolExecutor(4) as pool:
        outcomes = sorted(pool.map(approve, ["a", "b", "c", "d"]))
    with Session(engine) as session:
        assert [step.event for step, _ in history(session, design_id)].count("approve") == 1
    engine.dispose()
    assert outcomes == ["done", "illegal-transition", "illegal-transition", "illegal-transition"]


def test_a_decision_about_what_was_seen(session: Session, judged: Judged) -> None:
    """A decision that names an older version is refused."""
    design_id = judged()
    version = find_design(session, design_id).version
    decide(session, design_id, BERT, "request_revision", version=version)
    with pytest.raises(LuthierError) as refusal:
        decide(session, design_id, ANNA, "reject", version=version)
    assert refusal.value.code == "design-moved"


def test_a_run_that_is_executed_again_decides_once(session: Session, judged: Judged) -> None:
    """A retry of the same run finds its decision; another run is refused."""
    design_id, run = judged(), Author("bert", uuid4())
    first = decide(session, design_id, run, "approve")
    assert decide(session, design_id, run, "approve").number == first.number
    with pytest.raises(IllegalTransition):
        decide(session, design_id, Author("bert", uuid4()), "approve")


def test_a_red_design_needs_two_people(session: Session, judged: Judged) -> None:
    """Who submitted it cannot override it; somebody else can, with a reason."""
    design_id = judged("RED", 0.0)
    assert find_design(session, design_id).state == "rejected"
    for author, note, code in [
        (ANNA, REASON, "needs-second-person"),
        (BERT, "do it", "reason-too-short"),
        (Author(" "), REASON, "no-actor"),
    ]:
        with pytest.raises(LuthierError) as refusal:
            decide(session, design_id, author, "override", note=note)
        assert refusal.value.code == code
    assert decide(session, design_id, BERT, "override", note=REASON).target == "approved"


def test_a_revoked_design_is_rejected(session: Session, judged: Judged) -> None:
    """An approval can be taken back, and is not given again without a revision."""
    design_id = judged()
    decide(session, design_id, BERT, "approve")
    assert decide(session, design_id, ANNA, "revoke").target == "rejected"
    with pytest.raises(LuthierError, match="a person rejected"):
        decide(session, design_id, BERT, "override", note=REASON)
    assert decide(session, design_id, BERT, "request_revision").number == 6


def test_designs_are_listed_by_state(session: Session, judged: Judged) -> None:
    """The list shows what moved last, of one state or all."""
    red, green = judged("RED"), judged()
    assert [row.id for row in list_designs(session)] == [green, red]
    assert [row.id for row in list_designs(session, state="rejected")] == [red]


def test_an_unknown_design_is_named(session: Session) -> None:
    """Neither finding nor deciding invents a design."""
    with pytest.raises(UsageError, match="no design"):
        find_design(session, "abcdef")
    with pytest.raises(LuthierError, match="no design"):
        decide(session, uuid4(), ANNA, "approve")


def _insert_transition(number: int, source: str) -> str:
    return (
        "INSERT INTO rosette_transition SELECT design_id, "
        f"{number}, event, '{source}', target, actor, note, gen_random_uuid(), NULL, now() "
        "FROM rosette_transition LIMIT 1"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE rosette_design SET state = 'approved'",
        "UPDATE rosette_design SET version = version + 1",
        "UPDATE rosette_design SET state = 'sold'",
        "DELETE FROM rosette_design WHERE id NOT IN (SELECT design_id FROM rosette_transition)",
        _insert_transition(9, "feasibility_ready"),
        _insert_transition(4, "approved"),
        _insert_transition(4, "feasibility_ready"),
    ],
    ids=["state", "version", "no-state", "removal", "gap", "leap", "no-artifact"],
)
def test_the_database_keeps_the_history_whole(
    session: Session, judged: Judged, statement: str
) -> None:
    """Even plain SQL cannot move a design without its transition, or forge one."""
    judged()
    new_design(session, ANNA)
    session.commit()
    with pytest.raises(IntegrityError):
        _execute(session, statement)


def _execute(session: Session, statement: str) -> Any:
    session.connection().execute(text(statement))
    session.commit()
