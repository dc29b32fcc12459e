"""The text of a definition: readable, and the same definition when read again."""

import tomllib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefect_luthier.ai_builder.toml_writer import table_block, write_json_form, write_toml
from prefect_luthier.deployments.definition.model import OUTPUT_TYPES, Definition
from prefect_luthier.errors import LuthierError

DIGEST = '''\
schema = 1
id = "repo-digest"
version = "1.0.0"
name = "Repository digest"
tags = ["git", "report"]

[parameters.repo]
type = "path"
required = true

[parameters.since]
type = "string"
default = "30 days"
pattern = '^\\d+ (days|weeks)$'

[parameters.top]
type = "integer"
default = 5
maximum = 20

[requirements]
commands = ["git"]

[[triggers]]
cron = "0 7 * * 1-5"
timezone = "Europe/Berlin"

[actions.summarise]
uses = "ai-orchestrator@1"
inputs = { task = "Summarise this history for the team" }

[steps.history]
run = "git -C ${{ params.repo }} log --since=${{ params.since }} --stat"
timeout = "60s"
retries = { max = 2, delay = "2s", backoff = 2.0 }

[steps.summary]
uses = "summarise"
needs = ["history"]
when = "steps.history.outputs.stdout != ''"
inputs = { text = "${{ steps.history.outputs.stdout }}" }

[steps.report]
run = """
set -e
printf '%s\\\\n' "$SUMMARY" > digest.md"""
needs = ["summary"]
env = { SUMMARY = "${{ steps.summary.outputs.text }}" }
on_failure = "continue"

[artifacts.digest]
path = "digest.md"
retention = "30d"
'''


def test_reads_like_a_handwritten_file() -> None:
    """A definition with every section comes back in the layout of the documentation."""
    definition = Definition.model_validate(tomllib.loads(DIGEST))
    written = write_toml(definition)
    expected = DIGEST.replace('"""\nset -e\nprintf \'%s\\\\n\'', "'''\nset -e\nprintf '%s\\n'")
    assert written == expected.replace('digest.md"""', "digest.md'''")


def test_long_inputs_become_their_own_table() -> None:
    """A table that does not fit its line, or holds several lines of text, is written below."""
    block = table_block(("steps", "a"), {"uses": "x@1", "inputs": {"body": "one\ntwo\n", "n": 1}})
    assert block == '[steps.a]\nuses = "x@1"\n\n[steps.a.inputs]\nbody = """\none\ntwo\n"""\nn = 1'


def test_long_lists_have_one_item_a_line() -> None:
    """A list that is wider than a line is broken, with a trailing comma."""
    text = write_json_form({"id": "a", "tags": ["x" * 60, "y" * 60]})
    assert f'tags = [\n    "{"x" * 60}",\n    "{"y" * 60}",\n]' in text


@pytest.mark.parametrize(
    "value", [None, "\ud800", {"a": [None]}], ids=["null", "surrogate", "nested null"]
)
def test_a_value_without_toml_form_is_refused(value: object) -> None:
    """TOML has no null and no half characters: an error, not a changed definition."""
    with pytest.raises(LuthierError) as caught:
        write_json_form({"id": "a", "steps": {"s": {"inputs": {"v": value}}}})
    assert caught.value.code == "no-toml-form"


def test_an_invalid_definition_can_be_shown() -> None:
    """Sections of the wrong type are written as they are, so that the validator can judge them."""
    data = {"id": "a", "steps": {"s": 3}, "parameters": "none", "actions": {}, "triggers": []}
    assert tomllib.loads(write_json_form(data)) == data


NAMES = st.from_regex(r"\A[a-z][a-z0-9_]{0,8}\Z")
TEXTS = st.one_of(
    st.text(st.characters(codec="utf-8"), max_size=40),
    st.text("'\"\\\n\r\t {}$#=\x00\x7fé", max_size=30),
)
SCALARS = st.one_of(
    TEXTS,
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
STEPS = st.fixed_dictionaries(
    {},
    optional={
        "run": TEXTS,
        "uses": TEXTS,
        "needs": st.lists(NAMES, max_size=3),
        "when": TEXTS,
        "inputs": st.dictionaries(TEXTS, VALUES, max_size=3),
        "env": st.dictionaries(TEXTS, TEXTS, max_size=3),
        "outputs": st.dictionaries(NAMES, st.sampled_from(OUTPUT_TYPES), max_size=2),
        "retries": st.fixed_dictionaries({"max": st.integers(0, 9), "delay": st.just("2s")}),
    },
)


def _only_template(step: dict) -> dict:
    return {key: value for key, value in step.items() if key not in ("needs", "when")}


DEFINITIONS = st.fixed_dictionaries(
    {"id": st.just("made-up"), "steps": st.dictionaries(NAMES, STEPS, min_size=1, max_size=3)},
    optional={
        "name": TEXTS,
        "description": TEXTS,
        "tags": st.lists(TEXTS, max_size=4),
        "parameters": st.dictionaries(
            NAMES,
            st.fixed_dictionaries(
                {"type": st.just("json"), "default": VALUES},
                optional={"maximum": st.integers(-9, 9) | st.floats(-1e9, 1e9), "title": TEXTS},
            ),
            max_size=2,
        ),
        "triggers": st.lists(
            st.fixed_dictionaries(
                {"cron": TEXTS}, optional={"parameters": st.dictionaries(NAMES, VALUES)}
            ),
            max_size=2,
        ),
        "actions": st.dictionaries(NAMES, STEPS.map(_only_template)),
        "artifacts": st.dictionaries(NAMES, st.fixed_dictionaries({"path": st.just("a.md")})),
    },
)


@settings(max_examples=150, deadline=None)
@given(DEFINITIONS)
def test_reading_the_text_gives_the_same_digest(data: dict) -> None:
    """Whatever the texts, numbers and nesting, nothing is lost on the way to TOML and back."""
    definition = Definition.model_validate(data)
    written = write_toml(definition)
    assert Definition.model_validate(tomllib.loads(written)).digest == definition.digest
