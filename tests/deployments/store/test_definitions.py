"""Definitions are stored once and found by id, version and digest."""

from __future__ import annotations

from typing import Any

from sqlmodel import Session

from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.store.definitions import (
    list_definitions,
    load_definition,
    save_definition,
)


def make(**changes: Any) -> Definition:
    """Return a small definition."""
    return Definition.model_validate({"id": "a", "steps": {"x": {"run": "true"}}, **changes})


def save(session: Session, definition: Definition, text: str = "text") -> Any:
    """Store a definition and commit."""
    row = save_definition(session, definition, text, actor="me", provenance={"drafter": "offline"})
    session.commit()
    return row


def test_the_same_content_is_stored_once(session: Session) -> None:
    """Storing twice gives the same row; another comment is another text."""
    first, second = save(session, make()), save(session, make())
    assert first.id == second.id
    assert save(session, make(), "# why\ntext").id != first.id


def test_the_newest_that_fits_is_found(session: Session) -> None:
    """Version and digest narrow the search."""
    old = save(session, make(version="1.0.0")).digest
    new = save(session, make(version="2.0.0")).digest
    found = [
        load_definition(session, "a", **which)
        for which in ({}, {"version": "1.0.0"}, {"digest": old}, {"version": "9.9.9"})
    ]
    assert [row and row.digest for row in found] == [new, old, old, None]


def test_the_list_has_one_line_a_workflow(session: Session) -> None:
    """Of each workflow the newest definition is listed, by id."""
    save(session, make(id="b"))
    save(session, make(version="1.0.0"))
    save(session, make(version="2.0.0"))
    listed = [(row.workflow_id, row.version) for row in list_definitions(session)]
    assert listed == [("a", "2.0.0"), ("b", "0.1.0")]
