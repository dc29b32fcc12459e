"""The model step against a scripted server."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.actions.ai_orchestrator import AI_ORCHESTRATOR, AiInputs
from prefect_luthier.flows.actions.contract import ActionContext

Serve = Callable[..., Any]


async def run(workspace: Path, log: list[str], **inputs: Any) -> dict[str, Any]:
    context = ActionContext(workspace=workspace, log=log.append)
    outputs = await AI_ORCHESTRATOR.run(AiInputs(**inputs), context)
    return outputs.model_dump()


@pytest.fixture
def configured(
    clean_environment: Path, model_server: Serve, monkeypatch: pytest.MonkeyPatch
) -> Serve:
    """Give a function that starts a scripted model and configures it."""

    def start(*steps: dict[str, Any]) -> None:
        monkeypatch.setenv("OPENAI_BASE_URL", model_server(*steps).url)
        monkeypatch.setenv("AI_MODEL", "small")

    return start


async def test_the_answer_and_its_cost_are_outputs(configured: Serve, tmp_path: Path) -> None:
    """Later steps can use the text; a try that failed shows in the step's log."""
    configured({"status": 503, "headers": {"Retry-After": "0"}}, {"text": "Quiet week."})
    log: list[str] = []
    outputs = await run(tmp_path, log, task="Summarise", text="nothing happened")
    assert outputs == {
        "text": "Quiet week.",
        "model": "small",
        "input_tokens": 100,
        "output_tokens": 20,
    }
    assert log == ["asked the model again after model-unreachable"]


async def test_without_a_model_the_step_fails(clean_environment: Path, tmp_path: Path) -> None:
    """The message names the variables to set."""
    with pytest.raises(LuthierError, match="no language model") as caught:
        await run(tmp_path, [], task="Summarise")
    assert "OPENAI_API_KEY" in caught.value.advice


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ({"text": "half", "finish_reason": "length"}, "model-truncated"),
        ({"refusal": "No."}, "model-refused"),
        ({"text": ""}, "model-bad-answer"),
    ],
    ids=["cut", "refused", "empty"],
)
async def test_without_a_whole_answer_the_step_fails(
    configured: Serve, tmp_path: Path, step: dict[str, Any], code: str
) -> None:
    """Half an answer is no output that another step should build on."""
    configured(step)
    with pytest.raises(LuthierError) as caught:
        await run(tmp_path, [], task="Summarise")
    assert caught.value.code == code
