"""Small rules: cron, patterns, durations, offsets in written text, suggestions."""

# ruff: noqa: E501 - a table of definitions reads best with one to a line

from __future__ import annotations

import json
import time
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prefect_luthier.deployments.definition.cron import cron_problem
from prefect_luthier.deployments.definition.durations import parse_duration
from prefect_luthier.deployments.definition.patterns import (
    PatternTooSlow,
    matches,
    pattern_problem,
)
from prefect_luthier.deployments.definition.string_offsets import written_range
from prefect_luthier.suggestions import closest, surely_meant


@pytest.mark.parametrize(
    "cron",
    [
        "0 7 * * 1-5",
        "*/10 * * * *",
        "0 0 29 2 *",
        "0 9 * jan-mar MON,fri",
        "5,10 0-6/2 1 1 7",
        "0 0 31 2 1",
    ],
)
def test_cron_expressions_that_come_due(cron):
    """Names, lists, ranges and steps are read."""
    assert cron_problem(cron) is None


@pytest.mark.parametrize(
    "cron",
    ["", "* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8",
     "5-1 * * * *", "*/0 * * * *", "x * * * *", "0 0 30 2 *", "0 0 31 4,6 *", "*-3 * * * *", "@daily",
     "1,,2 * * * *", "९ * * * *"],
)  # fmt: skip
def test_cron_expressions_that_never_come_due(cron):
    """Wrong fields, and dates that no calendar has, are refused with a reason."""
    assert cron_problem(cron)


def test_cron_agrees_with_prefect():
    """What is accepted here, Prefect accepts too."""
    from prefect.client.schemas.schedules import CronSchedule

    for cron in ("0 7 * * 1-5", "*/10 * * * *", "0 9 * jan-mar MON,fri", "5,10 0-6/2 1 1 7"):
        assert CronSchedule(cron=cron).cron == cron


def test_patterns_search_and_are_bounded_in_time():
    """A pattern matches anywhere, and one that backtracks without end is stopped."""
    assert matches(r"\d", "a1b")
    assert not matches(r"^\d+$", "a1b")
    started = time.monotonic()
    with pytest.raises(PatternTooSlow):
        matches(r"^(a|aa|b?a)+$", "a" * 80 + "!")
    assert time.monotonic() - started < 60


@pytest.mark.parametrize(
    "pattern", ["(", "a{2,1}", "[z-a]", "(?P<x>", "\\", "(" * 3_000, "a" * 3_000]
)
def test_what_is_no_pattern_is_explained(pattern):
    """The reason is a sentence, never an exception."""
    assert pattern_problem(pattern)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("1h30m", 5400), ("2d", 172800), ("500ms", 0.5), ("1.5m", 90)],
)
def test_durations(text, seconds):
    """Units add up."""
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "s", "5 s", "-1s", "1s2", "1e3s", "1m" * 100])
def test_what_is_no_duration(text):
    """Anything else is refused."""
    with pytest.raises(ValueError, match="duration"):
        parse_duration(text)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), st.data())
def test_characters_are_found_in_json_text(value, data):
    """Each character of a JSON string is found where it is written."""
    raw = json.dumps(value)
    if not value:
        return
    index = data.draw(st.integers(0, len(value) - 1))
    found = written_range(raw, value, index, index + 1)
    assert found is not None
    assert json.loads(f'"{raw[found[0] : found[1]]}"') == value[index]


@pytest.mark.parametrize(
    "raw",
    [
        '"a\\tb\\u00e9\\U0001F600c"',
        "'a\\tb'",
        '"""\na\\\n   b\nc"""',
        "'''\r\na\r\nb'''",
        '"""a"b"""',
    ],
)
def test_characters_are_found_in_toml_text(raw):
    """Escapes, lines that go on, and Windows line ends do not shift the place."""
    value = tomllib.loads(f"x = {raw}")["x"]
    for index, char in enumerate(value):
        found = written_range(raw, value, index, index + 1)
        assert found is not None
        piece = raw[found[0] : found[1]]
        assert piece == char or piece.startswith("\\") or char == "\n"


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("summarize", ["summarise", "report"], "summarise"),
        ("Report", ["summarise", "report"], "report"),
        ("step3", ["step1", "step2"], None),
        ("xyz", ["summarise", "report"], None),
        ("ab", ["abc"], None),
        ("timeot", ["timeout", "retries"], "timeout"),
    ],
)
def test_only_a_clear_slip_is_surely_meant(name, known, meant):
    """A repair needs one candidate that is near, and no other as near."""
    assert surely_meant(name, known) == meant


def test_the_best_candidates_come_first():
    """At most five, and none that is nothing like it."""
    assert closest("histroy", ["report", "history", "historian"])[0] == "history"
    assert len(closest("step", [f"step{i}" for i in range(9)])) == 5
    assert closest("q", ["history"]) == ()
