"""A design in any state, made through the store's own functions."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import Session

from prefect_luthier.blocks.blob_store import BlobStore
from prefect_luthier.rmos.store.attachments import Declaration, attach
from prefect_luthier.rmos.store.candidate import Candidate, CandidateIds, read_candidate
from prefect_luthier.rmos.store.designs import Author, Move, move, new_design

ANNA = Author("anna")

Judged = Callable[..., UUID]


@pytest.fixture
def judged(session: Session) -> Judged:
    """Give a function that stores a design of anna's with a verdict."""

    def make(risk: str = "GREEN", score: float = 90.0) -> UUID:
        return judge(session, risk, score)

    return make


def judge(session: Session, risk: str = "GREEN", score: float = 90.0) -> UUID:
    """Store a design of anna's with a verdict; a RED one is rejected at once."""
    design = new_design(session, ANNA, name="a rosette")
    for event in ("provide_context", "request_feasibility", "feasibility_done"):
        move(session, design.id, ANNA, Move(event))
    design.risk, design.score = risk, score
    if risk not in {"GREEN", "YELLOW"}:
        move(session, design.id, ANNA, Move("auto_reject"))
    session.commit()
    return design.id


FAKES = Path(__file__).parents[2] / "fakes"


@pytest.fixture
def blobs(tmp_path: Path) -> BlobStore:
    """Give an empty store."""
    return BlobStore(str(tmp_path / "blobs"))


@pytest.fixture
def design_document() -> dict[str, Any]:
    """Give a design that can be made, as a JSON document."""
    return dict(json.loads((FAKES / "rosette_spec.json").read_text()))


@pytest.fixture
def context_document() -> dict[str, Any]:
    """Give a context that it can be made in, as a JSON document."""
    return dict(json.loads((FAKES / "rosette_context.json").read_text()))


@pytest.fixture
def candidate(
    session: Session,
    blobs: BlobStore,
    design_document: dict[str, Any],
    context_document: dict[str, Any],
) -> Callable[..., Candidate]:
    """Give a function that attaches a design with changes, and reads the candidate."""

    def make(**changes: Any) -> Candidate:
        ids = [
            attach_bytes(session, blobs, json.dumps(each).encode())
            for each in (design_document | changes, context_document)
        ]
        return read_candidate(session, blobs, CandidateIds(*ids))

    return make


def attach_bytes(session: Session, blobs: BlobStore, content: bytes, name: str = "x") -> str:
    """Attach something; return its id."""
    row = attach(session, blobs, content, Declaration(name), limit_bytes=1 << 20, actor="anna")
    session.commit()
    return row.sha256
