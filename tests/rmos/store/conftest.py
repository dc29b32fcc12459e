"""A design in any state, made through the store's own functions."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest
from sqlmodel import Session

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
