"""The self-test runs the real thing, and notices when something is wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from prefect_luthier.ui.cli import self_test


def luthier(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command as a user would."""
    command = [sys.executable, "-m", "prefect_luthier.ui.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)


@pytest.mark.usefixtures("clean_environment")
def test_a_sound_installation_passes(
    prefect_api: str, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every check passes, a small workflow included, and the document says what was found."""
    monkeypatch.setenv("DATABASE_URL", postgres_url)
    monkeypatch.setenv("PREFECT_API_URL", prefect_api)
    done = luthier("self-test", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["ok"]
    names = [check["name"] for check in document["checks"]]
    assert names == ["python", "packages", "git", "model", "validate", "run"]


def result(**changes: Any) -> dict[str, Any]:
    """Return the document of a good run, with changes to the first step's outputs."""
    outputs = {"stdout": 'it\'s "quoted"; $(not run)', **changes}
    return {
        "steps": [
            {"id": "say", "state": "completed", "outputs": outputs},
            {"id": "keep", "state": "completed", "outputs": {}},
            {"id": "never", "state": "skipped", "outputs": {}},
        ],
        "artifacts": [{"path": "said.txt"}],
    }


def test_a_good_run_is_accepted() -> None:
    """The judgement accepts what the workflow must do."""
    assert self_test._judge(result(), "{}").ok


@pytest.mark.parametrize(
    "document",
    [
        result(stdout="not"),
        {**result(), "artifacts": []},
        {**result(), "steps": result()["steps"][:1]},
    ],
    ids=["wrong output", "no artifact", "missing steps"],
)
def test_a_wrong_run_is_noticed(document: dict[str, Any]) -> None:
    """An output, an artifact or a step that is not as expected fails the check."""
    assert not self_test._judge(document, "{}").ok


def test_a_failing_check_sets_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A database that does not answer is a failed check with its reason, exit code 1."""
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/x")
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:1/api")
    done = luthier("self-test", "--json")
    assert done.returncode == 1
    run = json.loads(done.stdout)["checks"][-1]
    assert not run["ok"]
    assert run["detail"]
