"""`luthier draft` as a process, with a scripted model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Serve = Callable[..., Any]


def luthier(*arguments: str, url: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "OPENAI_BASE_URL": url, "AI_MODEL": "scripted"}
    return subprocess.run(
        [sys.executable, "-m", "prefect_luthier.ui.cli.main", "draft", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def history(uses: str, *needs: str) -> dict[str, Any]:
    inputs = [{"name": "repository", "value": "${{ params.repo }}"}]
    return {"id": "history", "uses": uses, "needs": list(needs), "inputs": inputs}


def answer(*steps: dict[str, Any]) -> dict[str, Any]:
    parameters = [{"name": "repo", "type": "path", "required": True}]
    return {"answer": {"workflow": {"id": "d", "parameters": parameters, "steps": list(steps)}}}


@pytest.mark.usefixtures("clean_environment")
def test_unknown_slug_cycle_and_bad_json_are_repaired(model_server: Serve) -> None:
    """One JSON document on stdout: a valid definition and the four rounds that led to it."""
    last = {"id": "tell", "uses": "notify@1", "needs": ["history"], "inputs": []}
    last["inputs"] = [{"name": "message", "value": "Read."}]
    server = model_server(
        answer(history("git.history@1")),
        answer(history("git.log@1", "tell"), last),
        {"raw": '{"workflow": '},
        answer(history("git.log@1"), last),
    )
    done = luthier("Read the history, then tell me", "--json", url=server.url)
    document = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert document["ok"]
    assert (document["provider"], document["model"]) == ("openai", "scripted")
    assert list(document["definition"]["steps"]) == ["history", "tell"]
    assert [each["outcome"] for each in document["rounds"]] == [
        "answer", "answer", "unreadable", "answer",
    ]  # fmt: skip
    unknown = document["rounds"][0]["diagnostics"][0]
    assert unknown["code"] == "unknown-action"
    assert "git.log@1" in unknown["candidates"]


@pytest.mark.usefixtures("clean_environment")
def test_a_model_that_is_down_is_said_aloud(tmp_path: Path) -> None:
    """The offline drafter serves; stderr names what failed and who drafted."""
    done = luthier('Write "hello" to hello.txt', url="http://127.0.0.1:9/v1")
    assert done.returncode == 0, done.stderr
    assert 'uses = "file.write@1"' in done.stdout
    assert "warning[model-unreachable]" in done.stderr
    assert "127.0.0.1:9" in done.stderr
    assert "drafted by: offline" in done.stderr
