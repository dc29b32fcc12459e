"""Documents are compared field by field."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_luthier.rmos.replay.comparison import RunView, compare
from prefect_luthier.rmos.replay.difference import Difference, differences

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": 1}, {"a": True}, [Difference("/a", 1, True)]),
        ({"a": 1}, {}, [Difference("/a", 1, None, "removed")]),
        ({}, {"b": 1}, [Difference("/b", None, 1, "added")]),
        ([1, 2], [1], [Difference("/1", 2, None, "removed")]),
        ({"a/b": {"~": [1]}}, {"a/b": {"~": [2]}}, [Difference("/a~1b/~0/0", 1, 2)]),
        ({"a": None}, {}, [Difference("/a", None, None, "removed")]),
        ({"a": []}, {"a": {}}, [Difference("/a", [], {})]),
    ],
    ids=["number", "boolean", "removed", "added", "shorter", "escapes", "null", "type"],
)  # fmt: skip
def test_each_difference_has_its_place(before: Any, after: Any, found: list[Difference]) -> None:
    """A difference names the JSON pointer, both values, and what happened."""
    assert list(differences(before, after)) == found


@given(JSON)
def test_a_document_is_like_itself(document: Any) -> None:
    """Nothing differs between a document and itself."""
    assert list(differences(document, document)) == []


@given(JSON, JSON)
def test_differences_are_symmetric(one: Any, other: Any) -> None:
    """Both directions find the same places."""
    forth = {each.pointer for each in differences(one, other)}
    assert forth == {each.pointer for each in differences(other, one)}


def verdict(score: float, **margins: float) -> dict[str, Any]:
    """Return a verdict with margins, one violation each where they are negative."""
    violations = [
        {"code": code, "ring": None, "severity": "RED", "message": "too little"}
        for code, margin in margins.items()
        if margin < 0
    ]
    return {
        "decision": "BLOCK" if violations else "ALLOW",
        "risk": "RED" if violations else "GREEN",
        "score": score,
        "margins": margins,
        "violations": violations,
    }


def test_runs_are_compared_by_constraint() -> None:
    """The constraint that changed most comes first; violations of one run only are listed."""
    one = RunView("design", "a", verdict=verdict(80.0, FLOOR=0.5, DOC=0.2, TILE=0.1))
    other = RunView("design", "b", verdict=verdict(10.0, FLOOR=-0.5, DOC=0.3, LAND=0.0))
    found = compare(one, other)
    assert not found["same"]
    assert found["score"] == {"a": 80.0, "b": 10.0, "delta": -70.0}
    assert [each["code"] for each in found["constraints"]] == ["FLOOR", "DOC", "LAND", "TILE"]
    assert found["constraints"][2]["delta"] is None
    assert [each["code"] for each in found["violations"]["only_b"]] == ["FLOOR"]
    assert found["violations"]["only_a"] == []


def test_a_run_is_like_itself() -> None:
    """Comparing a run with itself finds nothing; one without a verdict has no constraints."""
    run = RunView("search", "a", {"seed": 1}, {"machine": "x"}, {"rings": []}, verdict(1.0, DOC=1))
    assert compare(run, run)["same"]
    assert compare(RunView("search", "a"), RunView("search", "b"))["same"]
