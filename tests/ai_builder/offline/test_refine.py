"""Requests that change a base: the change is made, and nothing else moves."""

from __future__ import annotations

import difflib
from collections.abc import Callable

import pytest

from prefect_luthier.ai_builder.drafting import Draft

DraftIt = Callable[..., Draft]

BASE = """# Made by hand
schema = 1
id = "ship"
version = "1.4.0"   # bumped by people

[parameters.channel]
type = "string"
default = "#dev"

[[triggers]]
cron = "30 6 * * *"
timezone = "Europe/Berlin"

# Takes long
[steps.tests]
uses = "ci.run-tests@1"

[steps.image]   # from the Dockerfile
uses = "docker.build-image@1"
needs = ["tests"]

# Goes to the registry
[steps.push]
uses = "docker.push-image@1"
needs = ["image"]
"""


def changed_lines(draft: Draft) -> list[str]:
    """Return the lines that differ from the base, with their sign."""
    assert draft.toml is not None, draft.refusal
    assert draft.ok, [diagnostic.message for diagnostic in draft.diagnostics]
    lines = difflib.unified_diff(BASE.splitlines(), draft.toml.splitlines(), lineterm="", n=0)
    return [line for line in lines if line[:3] not in {"---", "+++"} and line[0] in "+-"]


EDITS = {
    "run it every hour": ['-cron = "30 6 * * *"', '+cron = "0 * * * *"'],
    "make it weekly": ['-cron = "30 6 * * *"', '+cron = "30 6 * * 1"'],
    "retry the push 3 times": ["+retries = { max = 3 }"],
    "give up on the tests after 20 minutes": ['+timeout = "20m"'],
    "change the channel to #ops": ['-default = "#dev"', '+default = "#ops"'],
}


@pytest.mark.parametrize(("request_text", "lines"), EDITS.items(), ids=list(EDITS))
def test_an_edit_changes_only_its_lines(
    request_text: str, lines: list[str], draft_foreign: DraftIt
) -> None:
    """Schedules, retries, timeouts and defaults change one line; comments and version stay."""
    assert changed_lines(draft_foreign(request_text, BASE)) == lines


def test_a_time_that_cron_cannot_say_changes_no_trigger(draft_foreign: DraftIt) -> None:
    """The base keeps its trigger; the answer names the phrase."""
    draft = draft_foreign("run it on the last Friday of every month", BASE)
    assert draft.refusal is not None
    assert "last Friday of every month" in draft.refusal.message


def test_a_time_that_cron_says_nearly_is_asked_about(draft_foreign: DraftIt) -> None:
    """A new trigger that starts more often than asked comes with a question."""
    draft = draft_foreign("run it every other week", BASE)
    assert any("2 weeks" in question for question in draft.questions)


def needs(draft: Draft) -> dict[str, list[str]]:
    """Return the needs of each step."""
    assert draft.definition is not None, draft.refusal or draft.diagnostics
    return {name: list(step.needs) for name, step in draft.definition.steps.items()}


def test_a_step_is_put_between_two(draft_foreign: DraftIt) -> None:
    """`Before pushing, …` goes between the push and what it waited for."""
    draft = draft_foreign("scan the image for security problems before the push", BASE)
    assert needs(draft)["docker_scan_image"] == ["image"]
    assert needs(draft)["push"] == ["docker_scan_image"]


def test_a_step_is_put_beside_another(draft_foreign: DraftIt) -> None:
    """`In parallel with the tests` waits for nothing, and what followed waits for both."""
    draft = draft_foreign("also run the linter in parallel with the tests", BASE)
    assert needs(draft)["ci_lint_code"] == []
    assert sorted(needs(draft)["image"]) == ["ci_lint_code", "tests"]


def test_a_removed_step_hands_its_needs_on(draft_foreign: DraftIt) -> None:
    """Who needed the removed step needs what it needed."""
    draft = draft_foreign("drop the image build", BASE)
    assert needs(draft) == {"tests": [], "push": ["tests"]}


def test_a_failure_handler_watches_every_step(draft_foreign: DraftIt) -> None:
    """`If anything fails` reads the state of all steps."""
    draft = draft_foreign("page the engineer on call if anything fails", BASE)
    assert draft.definition is not None
    when = draft.definition.steps["pagerduty_trigger_incident"].when
    assert when == " || ".join(
        f"steps.{name}.state == 'failed'" for name in ("tests", "image", "push")
    )


def test_a_step_is_renamed_everywhere(draft_foreign: DraftIt) -> None:
    """A new id reaches the needs of other steps; the comments stay."""
    draft = draft_foreign("rename image to build", BASE)
    assert needs(draft) == {"tests": [], "build": ["tests"], "push": ["build"]}
    assert draft.toml is not None
    assert "[steps.build]   # from the Dockerfile" in draft.toml


def test_a_step_is_replaced_in_place(draft_foreign: DraftIt) -> None:
    """`X instead of Y` keeps the place of the step in the order."""
    draft = draft_foreign("deploy to kubernetes instead of pushing the image", BASE)
    assert draft.definition is not None
    assert draft.definition.steps["push"].uses == "k8s.deploy@1"
    assert needs(draft)["push"] == ["image"]


def test_several_changes_in_one_request(draft_foreign: DraftIt) -> None:
    """Each sentence is a change of its own."""
    draft = draft_foreign("Remove the schedule. Retry the tests twice.", BASE)
    assert draft.definition is not None
    assert draft.definition.triggers == []
    retries = draft.definition.steps["tests"].retries
    assert retries is not None
    assert retries.max == 2


def test_a_json_base_keeps_its_steps(draft_foreign: DraftIt) -> None:
    """A base in JSON is refined as well; steps that are not named stay the same."""
    base = '{"schema": 1, "id": "x", "steps": {"a": {"uses": "ci.run-tests@1"}}}'
    draft = draft_foreign("then build the container image", base)
    assert needs(draft) == {"a": [], "docker_build_image": ["a"]}


REFUSED = {
    "also brew coffee": "unknown-capability",
    "make it nicer": "vague-request",
    "hello there": "vague-request",
}


@pytest.mark.parametrize(("request_text", "code"), REFUSED.items(), ids=list(REFUSED))
def test_an_unclear_change_is_refused(request_text: str, code: str, draft_foreign: DraftIt) -> None:
    """A change that is not understood leaves the base alone and says so."""
    draft = draft_foreign(request_text, BASE)
    assert draft.refusal is not None
    assert draft.refusal.code == code


def test_an_unreadable_base_is_refused(draft_foreign: DraftIt) -> None:
    """A base that is no TOML gives a reason, not an exception."""
    draft = draft_foreign("run it hourly", "schema = = 1")
    assert draft.refusal is not None
    assert draft.refusal.code == "invalid-base"
