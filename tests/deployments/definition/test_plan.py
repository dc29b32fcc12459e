"""A plan holds everything that runs: resolved, frozen, and the same for the same input."""

# ruff: noqa: E501 - a table of definitions reads best with one to a line

from __future__ import annotations

import json

import pytest

from prefect_luthier.catalog import Catalog
from prefect_luthier.deployments.definition.expressions import interpolate, interpolate_command
from prefect_luthier.deployments.definition.parameter_form import form_schema
from prefect_luthier.deployments.definition.plan import Plan, make_plan
from prefect_luthier.errors import InvalidDefinition, LuthierError

TEXT = """
id = "w"
on_failure = "continue"
[parameters.folder]
type = "path"
required = true
[parameters.n]
type = "integer"
default = 2
minimum = 1
maximum = 9
[parameters.share]
type = "number"
default = 1
[parameters.mode]
type = "choice"
choices = ["fast", "slow"]
default = "fast"
[parameters.token]
type = "secret"
[parameters.tags]
type = "json"
default = ["a"]
[parameters.when]
pattern = '^\\d+$'

[actions.send]
uses = "mail.send@2"
inputs = { to = "${{ params.mode }}", copies = "${{ params.n }}" }
timeout = "5s"

[steps.last]
uses = "send"
needs = ["first", "each"]
when = "params.n > 1 && steps.first.state == 'failed'"
inputs = { subject = "${{ steps.first.outputs.stdout }} of ${{ params.folder }}", password = "${{ params.token }}" }
[steps.first]
run = "ls ${{ params.folder }} ${{ params.when }}"
env = { TOKEN = "x ${{ params.token }}", SHARE = "${{ params.share }}" }
retries = { max = 2, delay = "1m", backoff = 2.0, jitter = 0.5 }
on_failure = "fail-fast"
[steps.each]
foreach = "params.tags"
run = "echo ${{ item }} ${{ params.n }}"

[artifacts.a]
path = "${{ params.mode }}-${{ run.date }}.txt"
retention = "1d"
"""


@pytest.fixture
def definition(check):
    report = check(TEXT)
    assert report.ok, report.diagnostics
    return report.definition


@pytest.fixture
def plan(definition, catalog) -> Plan:
    return make_plan(definition, {"folder": "/tmp/it's", "token": "mail-key"}, catalog)


def test_steps_are_in_order_and_resolved(plan):
    """Steps follow their needs; templates and defaults are merged in."""
    first, each, last = plan.steps
    assert (first.id, each.id, last.id) == ("first", "each", "last")
    assert first.command == first.run == "ls '/tmp/it'\"'\"'s' ''"
    assert (first.retries.max, first.retries.delay_s, first.on_failure) == (2, 60.0, "fail-fast")
    assert last.uses == "mail.send@2.1.0"
    assert (last.timeout_s, last.on_failure) == (5.0, "continue")
    assert last.inputs["copies"] == 2
    assert last.inputs["to"] == "fast"
    assert last.reads_state_of == ("first",)
    assert each.outputs == {"items": "list"}


def test_only_the_run_is_left_to_fill_in(plan):
    """Parameters are gone from templates; steps, items, the run and secrets are not."""
    first, each, last = plan.steps
    assert each.command is None
    assert interpolate_command(each.run, {"item": "a b"}) == "echo 'a b' 2"
    assert last.when == "(2) > 1 && steps.first.state == 'failed'"
    assert (
        interpolate(last.inputs["subject"], {"steps.first.outputs.stdout": "x"}) == "x of /tmp/it's"
    )
    assert plan.artifacts[0].path == "fast-${{ run.date }}.txt"
    assert first.env == {"TOKEN": "x ${{ params.token }}", "SHARE": "1"}


def test_a_secret_is_only_its_name(plan):
    """The plan names the secret, so that it can be stored and shown."""
    assert plan.secret_parameters == ("token",)
    assert plan.parameters["token"] == "mail-key"
    assert plan.steps[2].inputs["password"] == "${{ params.token }}"


def test_a_value_cannot_become_a_template(definition, catalog):
    """Text that looks like a placeholder stays text, in commands, inputs and expressions."""
    evil = "${{ params.token }} ${{ steps.first.outputs.stdout }}"
    plan = make_plan(definition, {"folder": evil}, catalog)
    first, _, last = plan.steps
    assert first.command == f"ls '{evil}' ''"
    filled = interpolate(last.inputs["subject"], {"steps.first.outputs.stdout": "x"})
    assert filled == f"x of {evil}"


def test_the_digest_says_whether_plans_are_equal(definition, catalog, plan):
    """The same input gives the same digest, another value another one; JSON brings it back."""
    again = make_plan(definition, {"token": "mail-key", "folder": "/tmp/it's"}, catalog)
    assert again.digest == plan.digest
    assert make_plan(definition, {"folder": "/tmp"}, catalog).digest != plan.digest
    document = json.loads(json.dumps(plan.to_json()))
    assert document.pop("digest") == plan.digest
    assert Plan.model_validate(document).digest == plan.digest


WRONG = {
    "unknown": ({"foldr": "x", "folder": "x"}, ["unknown-parameter"]),
    "missing": ({}, ["missing-parameter"]),
    "all": ({"n": 0, "mode": "medium", "when": "x"}, ["missing-parameter", *["bad-parameter-value"] * 3]),
    "not-whole": ({"folder": "x", "n": 2.5}, ["bad-parameter-value"]),
    "boolean-number": ({"folder": "x", "n": True}, ["bad-parameter-value"]),
    "too-big": ({"folder": "x", "n": 10}, ["bad-parameter-value"]),
    "infinite": ({"folder": "x", "share": float("inf")}, ["bad-parameter-value"]),
    "nul": ({"folder": "a\0b"}, ["bad-parameter-value"]),
    "empty-path": ({"folder": ""}, ["bad-parameter-value"]),
    "no-text": ({"folder": ["x"]}, ["bad-parameter-value"]),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_every_wrong_value_is_reported(case, definition, catalog):
    """All parameters are checked at once, with one finding for each."""
    values, codes = WRONG[case]
    with pytest.raises(InvalidDefinition) as caught:
        make_plan(definition, values, catalog)
    assert sorted(d.code for d in caught.value.diagnostics) == sorted(codes)


def test_text_of_the_command_line_is_read(definition, catalog):
    """Numbers and choices given as text become what their type says."""
    plan = make_plan(definition, {"folder": "x", "n": "7", "share": "2.5"}, catalog)
    assert (plan.parameters["n"], plan.parameters["share"]) == (7, 2.5)


def test_a_secret_value_is_not_quoted_in_a_refusal(definition, catalog):
    """What somebody typed for a secret does not end up in a message."""
    with pytest.raises(InvalidDefinition) as caught:
        make_plan(definition, {"folder": "x", "token": "hunter2\n"}, catalog)
    assert "hunter2" not in str(caught.value.to_json())


def test_an_action_that_is_gone_is_named(definition):
    """Planning against another catalog says which action is missing."""
    with pytest.raises(LuthierError, match=r"mail\.send@2"):
        make_plan(definition, {"folder": "x"}, Catalog())


def test_the_form_has_titles_positions_and_rules(definition):
    """The form says what the planner checks; a secret asks for a name."""
    form = form_schema(definition)
    assert form["required"] == ["folder"]
    assert form["additionalProperties"] is False
    assert [p["position"] for p in form["properties"].values()] == list(range(7))
    assert all(p["title"] for p in form["properties"].values())
    assert form["properties"]["n"] == {
        "title": "N", "position": 1, "type": "integer", "minimum": 1, "maximum": 9, "default": 2,
    }  # fmt: skip
    assert form["properties"]["mode"]["enum"] == ["fast", "slow"]
    assert "format" not in form["properties"]["token"]
    assert "never its value" in form["properties"]["token"]["description"]
    assert form["properties"]["when"]["pattern"] == r"^\d+$"
