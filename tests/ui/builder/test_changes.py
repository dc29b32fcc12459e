"""What changed between two definitions, in sentences and in lines."""

from __future__ import annotations

import pytest

from prefect_luthier.ui.builder.changes import describe_changes, diff_lines
from prefect_luthier.ui.builder.services import read_loosely

BASE = """schema = 1
id = "digest"
version = "1.0.0"
[parameters.repo]
type = "path"
[[triggers]]
cron = "0 7 * * 1-5"
[steps.history]
uses = "git.log@1"
[steps.tell]
uses = "notify@1"
needs = ["history"]
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[steps.tell]", '[steps.extra]\nrun = "true"\n[steps.tell]', ["Added step `extra`."]),
        ('needs = ["history"]\n', "", ["Changed step `tell`: needs."]),
        (
            'cron = "0 7 * * 1-5"',
            'cron = "30 8 * * *"',
            ["Changed the schedule: At 08:30 (UTC) (was: At 07:00, Monday through Friday (UTC))."],
        ),
        ('[[triggers]]\ncron = "0 7 * * 1-5"\n', "", ["Removed the schedule."]),
        (
            'type = "path"',
            'type = "path"\nrequired = true',
            ["Changed parameter `repo`: required."],
        ),
        ('version = "1.0.0"', 'version = "1.1.0"', ["Changed version: `1.0.0` → `1.1.0`."]),
        ("schema = 1\n", "# a comment\nschema = 1\n", []),
    ],
    ids=["step", "field", "schedule", "no-schedule", "parameter", "version", "comment"],
)
def test_changes_are_told_one_by_one(old: str, new: str, said: list[str]) -> None:
    """Each thing that differs gives a sentence, and what is the same gives none."""
    before, after = read_loosely(BASE), read_loosely(BASE.replace(old, new))
    assert before
    assert after
    assert describe_changes(before, after) == said


def test_removing_the_other_way_round() -> None:
    """What is added in one direction is removed in the other."""
    before, after = (
        read_loosely(BASE.replace('[steps.tell]\nuses = "notify@1"\nneeds = ["history"]\n', "")),
        read_loosely(BASE),
    )
    assert before
    assert after
    assert describe_changes(before, after) == ["Added step `tell`."]
    assert describe_changes(after, before) == ["Removed step `tell`."]


def test_a_first_draft_is_summed_up() -> None:
    """Without anything before, one sentence says what there is."""
    after = read_loosely(BASE)
    assert after
    assert describe_changes(None, after) == [
        "Drafted **digest**: 2 steps, 1 parameter, runs at 07:00, Monday through Friday (UTC)."
    ]


def test_the_diff_rebuilds_both_texts() -> None:
    """Removed and unchanged lines are the old text, added and unchanged ones the new."""
    old, new = "a\nb\nc\nd\n", "a\nx\nc\nd\ne\n"
    lines = diff_lines(old, new)
    assert [line.text for line in lines if line.kind != "added"] == old.splitlines()
    assert [line.text for line in lines if line.kind != "removed"] == new.splitlines()
    assert [line.new_number for line in lines if line.kind == "added"] == [2, 5]


def test_far_away_lines_are_left_out() -> None:
    """Only a little of what stands around a change is shown; the gap is marked."""
    old = "\n".join(f"line {n}" for n in range(100))
    lines = diff_lines(old, old.replace("line 50", "line fifty"))
    assert lines[0].kind == "gap"
    assert len(lines) == 1 + 3 + 2 + 3


@pytest.mark.parametrize(
    "text", ["", "id =", '{"schema": 1', "[" * 5000, '{"a": ' * 5000, "schema = 1"]
)
def test_a_text_that_is_no_workflow_gives_none(text: str) -> None:
    """Reading for the picture never fails, whatever stands in the editor."""
    assert read_loosely(text) is None
