"""Changes as typed operations: each changes what it names, and refuses what is not there."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from prefect_luthier.ai_builder.operations import (
    AddStep,
    Operation,
    RemoveStep,
    RenameStep,
    SetField,
    SetStepField,
    apply_operations,
    renames,
)
from prefect_luthier.errors import LuthierError

FORM: dict[str, Any] = {
    "schema": 1,
    "id": "x",
    "steps": {
        "a": {"run": "one"},
        "b": {"run": "two", "needs": ["a"]},
        "c": {
            "uses": "notify@1",
            "needs": ["b"],
            "when": "steps.b.outputs.stdout != ''",
            "inputs": {"message": "${{ steps.b.outputs.stdout }}"},
        },
    },
}


def test_a_step_is_added_after_another() -> None:
    """The new step stands behind the one it follows."""
    form = apply_operations(FORM, [AddStep("n", {"run": "new", "needs": ["a"]}, after="a")])
    assert list(form["steps"]) == ["a", "n", "b", "c"]


def test_a_removed_step_hands_its_needs_on() -> None:
    """Who needed it needs what it needed."""
    form = apply_operations(FORM, [RemoveStep("b")])
    assert form["steps"]["c"]["needs"] == ["a"]


def test_a_rename_reaches_needs_and_expressions() -> None:
    """Every need, condition and reference gets the new id; the order of steps stays."""
    operations: list[Operation] = [RenameStep("b", "middle")]
    form = apply_operations(FORM, operations)
    assert list(form["steps"]) == ["a", "middle", "c"]
    assert form["steps"]["c"] == {
        "uses": "notify@1",
        "needs": ["middle"],
        "when": "steps.middle.outputs.stdout != ''",
        "inputs": {"message": "${{ steps.middle.outputs.stdout }}"},
    }
    assert renames(operations) == {"b": "middle"}


def test_fields_are_set_and_removed() -> None:
    """A value sets a field, creating tables on the way; None removes it."""
    form = apply_operations(
        FORM,
        [
            SetStepField("a", ("retries", "max"), 3),
            SetStepField("c", ("when",), None),
            SetField(("parameters", "p", "default"), "v"),
        ],
    )
    assert form["steps"]["a"]["retries"] == {"max": 3}
    assert "when" not in form["steps"]["c"]
    assert form["parameters"] == {"p": {"default": "v"}}


def test_the_base_is_not_changed() -> None:
    """Operations give a new form; the old one can still be compared with it."""
    before = copy.deepcopy(FORM)
    apply_operations(FORM, [RemoveStep("b"), SetStepField("a", ("run",), "other")])
    assert before == FORM


IMPOSSIBLE: dict[str, Operation] = {
    "removing what is not there": RemoveStep("z"),
    "renaming what is not there": RenameStep("z", "y"),
    "renaming to an id in use": RenameStep("a", "b"),
    "adding an id in use": AddStep("a", {"run": "x"}),
    "setting a field of no step": SetStepField("z", ("run",), "x"),
}


@pytest.mark.parametrize("operation", IMPOSSIBLE.values(), ids=list(IMPOSSIBLE))
def test_an_impossible_operation_is_refused(operation: Operation) -> None:
    """An operation that cannot be made says which step is at fault."""
    with pytest.raises(LuthierError):
        apply_operations(FORM, [operation])
