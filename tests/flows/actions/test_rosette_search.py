"""`rosette.search` as a step: its outputs, its record, its failures."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import Session

from prefect_luthier.errors import LuthierError
from prefect_luthier.rmos.store.searches import attempts_of, find_search

CONTEXT: dict[str, Any] = {
    "material": "sitka-spruce",
    "top_thickness_mm": 2.8,
    "tool": "downcut-1.59",
    "machine": "shapeoko-3",
    "spindle_rpm": 24000,
    "feed_mm_min": 508,
    "plunge_mm_min": 254,
    "target_diameter_mm": 116.0,
    "intent": {"rings": [3, 5], "patterns": ["rope", "line"]},
}
IMPOSSIBLE = CONTEXT | {"spindle_rpm": 90000}


async def test_a_step_finds_a_design(luthier_settings: Any, session: Session, call: Any) -> None:
    """The design is an output that other steps take, and the search is on record."""
    found = await call("rosette.search", context=CONTEXT, attempts=8, wanted_score=100)
    assert (found["status"], found["attempts_made"]) == ("best_effort", 8)
    assert {ring["pattern"] for ring in found["spec"]["rings"]} <= {"rope", "line"}
    scored = await call("rosette.score", spec=found["spec"], context=CONTEXT)
    assert scored["decision"] == "ALLOW"
    assert scored["digest"] == found["digest"]
    assert scored["score"] == pytest.approx(found["score"])
    row = find_search(session, found["search_id"])
    assert [each.number for each in attempts_of(session, row.id)] == list(range(1, 9))


async def test_no_design_fails_the_step_or_is_reported(luthier_settings: Any, call: Any) -> None:
    """The step says what stands against a design; a workflow may ask to go on."""
    with pytest.raises(LuthierError, match="SPINDLE"):
        await call("rosette.search", context=IMPOSSIBLE)
    told = await call("rosette.search", context=IMPOSSIBLE, nothing="report")
    assert (told["status"], told["spec"], told["risk"]) == ("exhausted", {}, "RED")
    assert "SPINDLE" in [each["code"] for each in told["binding_constraints"]]


@pytest.mark.parametrize(
    ("inputs", "says"),
    [
        ({"context": CONTEXT | {"tool": "chisel"}}, "the context is not valid"),
        ({"context": CONTEXT, "attempts": 0}, "cannot start"),
        ({"context": CONTEXT, "generator": "llm"}, "no language model"),
    ],
    ids=["context", "budget", "model"],
)
async def test_wrong_inputs_fail_the_step(
    luthier_settings: Any, call: Any, inputs: dict[str, Any], says: str
) -> None:
    """Nothing is searched."""
    with pytest.raises(LuthierError, match=says):
        await call("rosette.search", **inputs)
