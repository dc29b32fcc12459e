"""Commands that a request names: which words they are, where they run, what follows them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from prefect_luthier.ai_builder.drafting import Draft
from prefect_luthier.ai_builder.offline.conditions import read_condition
from prefect_luthier.ai_builder.offline.literals import mask

DraftIt = Callable[..., Draft]

BARE = {
    "run backup.sh in /srv/data and tell me": "./backup.sh",
    "run ./sync.sh every night": "./sync.sh",
    "execute /opt/tools/clean --all, then notify me": "/opt/tools/clean --all",
    "run the script report.py daily": "python report.py",
    "run python tools/report.py --month 3 on Mondays": "python tools/report.py --month 3",
    "launch ./deploy.sh production --fast and wait": "./deploy.sh production --fast",
    "run make test. Then notify me": "make test",
    "run npm run build if it is dark": "npm run build",
}


@pytest.mark.parametrize(("text", "command"), BARE.items(), ids=list(BARE))
def test_a_command_needs_no_backticks(text: str, command: str) -> None:
    """A program behind `run` is a command, up to the next word of the sentence."""
    assert [each.text for each in mask(text).literals if each.kind == "command"] == [command]


NO_COMMANDS = (
    "run the tests and make sure it works",
    "run the make step",
    'notify me "run make test"',
    "execute the plan",
    "run it in parallel with the export",
    "run python",
)


@pytest.mark.parametrize("text", NO_COMMANDS)
def test_other_words_are_no_command(text: str) -> None:
    """Neither plain words behind `run` nor the words of a message become a program."""
    assert not [each for each in mask(text).literals if each.kind == "command"]


def test_a_bare_command_runs_in_its_folder_and_its_failure_is_told(
    draft_builtin: DraftIt,
) -> None:
    """`In DIR` goes with the command; `when it fails` watches its step."""
    draft = draft_builtin("run backup.sh in /srv/data and tell me when it fails")
    assert draft.definition is not None
    steps = draft.definition.steps
    assert steps["backup_sh"].run == "cd /srv/data && ./backup.sh"
    assert steps["notify"].when == "steps.backup_sh.state == 'failed'"


PARALLEL = (
    'run make test in parallel with make lint, then notify me "ok"',
    'run `make test` in parallel with `make lint`, then notify me "ok"',
    'run `make test` and `make lint` in parallel, then notify me "ok"',
)


@pytest.mark.parametrize("text", PARALLEL)
def test_commands_run_beside_each_other(text: str, draft_builtin: DraftIt) -> None:
    """Each command is a step of its own, and what follows waits for both."""
    draft = draft_builtin(text)
    assert draft.definition is not None
    needs = {name: list(step.needs) for name, step in draft.definition.steps.items()}
    assert needs == {"make_test": [], "make_lint": [], "notify": ["make_test", "make_lint"]}


def test_two_commands_share_a_folder(draft_builtin: DraftIt) -> None:
    """Neither of two commands is dropped; without `in parallel` the second waits."""
    draft = draft_builtin("run `make test` and `make lint` in /srv/x")
    assert draft.definition is not None
    steps = draft.definition.steps
    assert [step.run for step in steps.values()] == [
        "cd /srv/x && make test",
        "cd /srv/x && make lint",
    ]
    assert list(steps["make_lint"].needs) == ["make_test"]


EXITS = {
    "it exits non-zero": "failed",
    "its exit code is not 0": "failed",
    "it exited with code 2": "failed",
    "it returns a nonzero status": "failed",
    "it exits with 0": "succeeded",
    "the exit code is zero": "succeeded",
    "it returns 5 rows": "other",
    "the count is non-zero": "present",
}


@pytest.mark.parametrize(("condition", "kind"), EXITS.items(), ids=list(EXITS))
def test_exit_codes_are_states(condition: str, kind: str) -> None:
    """How a program exits says whether its step failed, not what it printed."""
    assert read_condition(condition).kind == kind


def test_unless_turns_an_exit_around() -> None:
    """`Unless it exits with 0` is about failure."""
    assert read_condition("it exits with 0", negated=True).kind == "failed"
