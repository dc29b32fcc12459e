"""Reading the operator's policy: what is wrong denies everything and says what is wrong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from prefect_luthier.policy import PolicyRequest
from prefect_luthier.policy_rules import load_policy
from prefect_luthier.settings import load_settings

GOOD = """
[[rule]]
id = "ops-may-mail"
effect = "allow"
actions = ["gmail.send"]
workspaces = ["ops"]
"""


@pytest.fixture
def policy_file(clean_environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the path of the policy file that the settings name."""
    path = tmp_path / "policy.toml"
    monkeypatch.setenv("LUTHIER_POLICY_FILE", str(path))
    return path


def decision(workspace: str = "ops"):
    """Ask the policy in force."""
    return load_policy(load_settings()).decide(PolicyRequest("gmail.send", "ann", workspace))


def test_a_rule_of_the_file_allows(policy_file: Path) -> None:
    """A rule for a workspace allows there and nowhere else."""
    policy_file.write_text(GOOD)
    assert decision().allowed
    assert not decision("lab").allowed


def test_a_changed_file_counts_at_once(policy_file: Path) -> None:
    """What an operator takes back is denied by the very next check."""
    policy_file.write_text(GOOD)
    assert decision().allowed
    policy_file.write_text(GOOD.replace('"allow"', '"deny" '))
    assert decision().rule == "ops-may-mail"
    assert not decision().allowed


def test_a_file_that_became_readable_counts(policy_file: Path) -> None:
    """What could not be read is not remembered: new permissions on the same file are a change."""
    policy_file.write_text(GOOD)
    os.utime(policy_file, ns=(1, 1))
    before = policy_file.stat()
    assert decision().allowed
    policy_file.write_text(GOOD.replace('"allow"', '"deny" '))  # as long, and as old
    os.utime(policy_file, ns=(1, 1))
    after = policy_file.stat()
    assert (before.st_mtime_ns, before.st_size) == (after.st_mtime_ns, after.st_size)
    assert not decision().allowed


def test_a_mistake_in_the_environment_is_not_blamed_on_the_file(
    policy_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason names where the mistake is."""
    policy_file.write_text(GOOD)
    monkeypatch.setenv("ALLOW_ACTIONS_DEFAULT", "gmail.send; outlook.send")
    reason = decision().reason
    assert "ALLOW_ACTIONS_DEFAULT" in reason
    assert policy_file.name not in reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("[[rule]\n", "line 1", id="no-toml"),
        pytest.param(GOOD + 'actor = "ann"\n', "actor", id="misspelt-key"),
        pytest.param(GOOD.replace("gmail.send", "gmail*"), "gmail*", id="no-slug"),
        pytest.param(GOOD + GOOD, "'ops-may-mail'", id="an-id-twice"),
        pytest.param(
            GOOD.replace('"allow"', '"permit"') + 'x = "y"\n', "x: Extra", id="all-findings"
        ),
        pytest.param('[rollout]\n"gmail.send" = "half"\n', "half", id="no-percentage"),
        pytest.param('[rollout]\n"gmail.send" = "101%"\n', "101%", id="too-much"),
        pytest.param('[rollout]\n"gmail.send" = ["ann"]\n', "actor:NAME", id="no-kind"),
        pytest.param('cedar = "permit("\n', "unexpected", id="no-cedar"),
        pytest.param(GOOD.replace("ops-may", "ops\\nmay"), "control", id="control-character"),
    ],
)
def test_a_file_that_cannot_be_used_denies(policy_file: Path, text: str, reason: str) -> None:
    """A mistake in the file never opens anything, not even what the environment allows."""
    policy_file.write_text(text)
    assert not decision().allowed
    assert reason in decision().reason


def test_a_missing_file_denies(policy_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy file that is named but not there denies what the environment allows."""
    monkeypatch.setenv("ALLOW_ACTIONS_DEFAULT", "gmail.send")
    assert "cannot be read" in decision().reason
    assert not decision().allowed


def test_the_environment_allows_actions(
    clean_environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`ALLOW_ACTIONS_DEFAULT` allows what it lists, and nothing else."""
    monkeypatch.setenv("ALLOW_ACTIONS_DEFAULT", "gmail.send, outlook.send")
    policy = load_policy(load_settings())
    assert policy.decide(PolicyRequest("outlook.send", "ann")).allowed
    assert not policy.decide(PolicyRequest("smtp.send", "ann")).allowed
    monkeypatch.setenv("ALLOW_ACTIONS_DEFAULT", "gmail.send,*")
    assert not load_policy(load_settings()).decide(PolicyRequest("gmail.send", "ann")).allowed
