"""Edits of a definition's text: what changes is right, and nothing else changes."""

import copy
import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefect_luthier.ai_builder.toml_edit import edit_toml

BASE = """\
# The digest of the week.
id = "digest"      # keep this id
version = '1.0.0'

tags = [
  "git",   # the source
  "report",
]

# Who asks
[parameters.repo]
type = "path"   # a folder
required=true

[parameters.since]
default = "30 days"

[[triggers]]
cron = "0 7 * * 1-5"   # weekdays

# Read the history.
# Slow on large repositories.
[steps.history]
run = 'git log'
retries = { max = 2, delay = "2s" }

# Write it down.
[steps.report]
uses = "file.write@1"
needs = ["history"]

  [steps.report.inputs]
  path = "digest.md"      # relative
  text = "${{ steps.history.outputs.stdout }}"

# The end.
"""


def wanted(**changes: Any) -> dict[str, Any]:
    return copy.deepcopy(tomllib.loads(BASE)) | changes


def steps(**changes: Any) -> dict[str, Any]:
    return wanted()["steps"] | changes


def changed_lines(text: str) -> tuple[list[str], list[str]]:
    """Return the lines that went away and the lines that came, each in order."""
    old, new = BASE.splitlines(), text.splitlines()
    return [x for x in old if x not in new and x], [x for x in new if x not in old and x]


def test_nothing_to_change_changes_nothing() -> None:
    """The same content gives the same bytes."""
    assert edit_toml(BASE, wanted()) == BASE


CASES: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "value, with its comment kept": (
        wanted(id="other"),
        ['id = "digest"      # keep this id'],
        ['id = "other"      # keep this id'],
    ),
    "list": (
        wanted(tags=["git"]),
        ["tags = [", '  "git",   # the source', '  "report",', "]"],
        ['tags = ["git"]'],
    ),
    "new top-level key": (wanted(timeout="1h"), [], ['timeout = "1h"']),
    "removed key": (
        {key: value for key, value in wanted().items() if key != "version"},
        ["version = '1.0.0'"],
        [],
    ),
    "trigger": (
        wanted(triggers=[{"cron": "0 8 * * *"}]),
        ['cron = "0 7 * * 1-5"   # weekdays'],
        ['cron = "0 8 * * *"   # weekdays'],
    ),
    "second trigger": (
        wanted(triggers=[{"cron": "0 7 * * 1-5"}, {"cron": "0 9 * * 6"}]),
        ['cron = "0 7 * * 1-5"   # weekdays'],
        ['cron = "0 7 * * 1-5"', 'cron = "0 9 * * 6"'],
    ),
    "zone of a trigger": (
        wanted(triggers=[{"cron": "0 7 * * 1-5", "timezone": "Asia/Tokyo"}]),
        [],
        ['timezone = "Asia/Tokyo"'],
    ),
    "key in an inline table": (
        wanted(steps=steps(history={"run": "git log", "retries": {"max": 5, "delay": "2s"}})),
        ['retries = { max = 2, delay = "2s" }'],
        ['retries = { max = 5, delay = "2s" }'],
    ),
    "key added to an inline table": (
        wanted(
            steps=steps(
                history={"run": "git log", "retries": {"max": 2, "delay": "2s", "backoff": 2.0}}
            )
        ),
        ['retries = { max = 2, delay = "2s" }'],
        ['retries = { max = 2, delay = "2s", backoff = 2.0 }'],
    ),
    "key taken from an inline table": (
        wanted(steps=steps(history={"run": "git log", "retries": {"max": 2}})),
        ['retries = { max = 2, delay = "2s" }'],
        ["retries = { max = 2 }"],
    ),
    "key added to a step": (
        wanted(steps=steps(history=wanted()["steps"]["history"] | {"timeout": "60s"})),
        [],
        ['timeout = "60s"'],
    ),
    "key added to a step with a table below": (
        wanted(steps=steps(report=wanted()["steps"]["report"] | {"when": "true"})),
        [],
        ['when = "true"'],
    ),
    "new step": (
        wanted(steps=steps(notify={"uses": "notify@1", "needs": ["report"]})),
        [],
        ["[steps.notify]", 'uses = "notify@1"', 'needs = ["report"]'],
    ),
    "removed step": (
        wanted(steps={"report": wanted()["steps"]["report"]}),
        [
            "# Read the history.",
            "# Slow on large repositories.",
            "[steps.history]",
            "run = 'git log'",
            'retries = { max = 2, delay = "2s" }',
        ],
        [],
    ),
    "new section": (
        wanted(artifacts={"digest": {"path": "digest.md"}}),
        [],
        ["[artifacts.digest]", 'path = "digest.md"'],
    ),
    "removed section": (
        {key: value for key, value in wanted().items() if key != "triggers"},
        ["[[triggers]]", 'cron = "0 7 * * 1-5"   # weekdays'],
        [],
    ),
    "input in a table of its own": (
        wanted(
            steps=steps(
                report=wanted()["steps"]["report"] | {"inputs": {"path": "new.md", "append": True}}
            )
        ),
        [
            '  path = "digest.md"      # relative',
            '  text = "${{ steps.history.outputs.stdout }}"',
        ],
        ['  path = "new.md"      # relative', "append = true"],
    ),
}


@pytest.mark.parametrize(("document", "gone", "come"), CASES.values(), ids=CASES)
def test_only_what_differs_changes(
    document: dict[str, Any], gone: list[str], come: list[str]
) -> None:
    """The result says what was wanted, and every other line is as it was."""
    text = edit_toml(BASE, document)
    assert tomllib.loads(text) == document
    assert changed_lines(text) == (gone, come)


def test_a_new_step_stands_behind_the_one_before_it() -> None:
    """The order of the wanted steps decides where a new one is written."""
    base = wanted()["steps"]
    between = {"history": base["history"], "count": {"run": "wc"}, "report": base["report"]}
    text = edit_toml(BASE, wanted(steps=between))
    assert text.index("[steps.history]") < text.index("[steps.count]")
    assert text.index("[steps.count]") < text.index("# Write it down.\n[steps.report]")


def test_windows_line_ends_stay() -> None:
    """A file with CRLF keeps it, in new lines as well."""
    text = edit_toml(BASE.replace("\n", "\r\n"), wanted(timeout="1h"))
    assert text.count("\r\n") == text.count("\n") == BASE.count("\n") + 1


@pytest.mark.parametrize(
    "text",
    [
        'id = "a"\nsteps.one.run = "x"\nsteps.one.retries.max = 1\n',
        'id = "a"\nsteps = { one = { run = "x", retries = { max = 1 } } }\n',
        'id = "a"\n[steps]\none = { run = "x", retries.max = 1 }',
        'id = "a"\n[steps.one]\nrun = "x"\n[steps.one.retries]\nmax = 1',
        '"id" = "a"\n["steps"."one"]\n"run" = """x"""\nretries.max = 1\n',
        'id = "a" # no newline\n[steps.one]\nrun = "x"\nretries.max = 1 # here',
        'id = "broken',
        "",
    ],
    ids=["dotted", "inline", "half inline", "sub-table", "quoted", "no end", "no TOML", "empty"],
)
@pytest.mark.parametrize(
    "document",
    [
        {"id": "a", "steps": {"one": {"run": "y", "retries": {"max": 1, "delay": "2s"}}}},
        {"id": "a", "steps": {"one": {"run": "x"}, "two": {"run": "z", "env": {"A": "1\n2"}}}},
        {
            "id": "b",
            "name": "B",
            "steps": {"two": {"run": "x"}},
            "parameters": {"p": {"type": "path"}},
        },
    ],
    ids=["deeper", "another", "all new"],
)
def test_unusual_notation_is_changed_or_written_anew(text: str, document: dict[str, Any]) -> None:
    """However the base is written, the result says what was wanted."""
    assert tomllib.loads(edit_toml(text, document)) == document


NAMES = st.sampled_from(["a", "b", "c", "d"])
LEAVES = st.text(st.characters(codec="utf-8"), max_size=6) | st.integers(0, 9) | st.booleans()
TABLES = st.dictionaries(
    NAMES, LEAVES | st.lists(LEAVES, max_size=2) | st.dictionaries(NAMES, LEAVES, max_size=2)
)
DOCUMENTS = st.fixed_dictionaries(
    {"id": st.just("x"), "steps": st.dictionaries(NAMES, TABLES, max_size=4)},
    optional={
        "name": LEAVES,
        "parameters": st.dictionaries(NAMES, TABLES, max_size=2),
        "triggers": st.lists(TABLES, min_size=1, max_size=2),
    },
)


@settings(max_examples=150, deadline=None)
@given(DOCUMENTS, DOCUMENTS)
def test_any_document_can_become_any_other(old: dict[str, Any], new: dict[str, Any]) -> None:
    """From any text to any content, and comments on steps that stay are kept."""
    text = edit_toml("", old)
    for name in old["steps"]:
        text = text.replace(f"[steps.{name}]\n", f"# about {name}\n[steps.{name}]  # here\n", 1)
    edited = edit_toml(text, new)
    kept = {key: value for key, value in new.items() if value not in ({}, [])}
    assert tomllib.loads(edited) == kept
    for name, step in old["steps"].items():
        if step == new["steps"].get(name) and f"# about {name}" in text:
            assert f"# about {name}\n[steps.{name}]  # here" in edited
