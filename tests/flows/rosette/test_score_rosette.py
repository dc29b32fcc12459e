"""The scoring flow: typed parameters, a verdict, and what Prefect shows of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest

from prefect_luthier.flows.builtin_deployments import builtin_deployments
from prefect_luthier.flows.rosette.score_rosette import (
    score_feasibility,
    score_markdown,
    score_rosette,
)
from prefect_luthier.rmos.feasibility.documents import judge_documents

EXAMPLES = Path(__file__).parents[3] / "docs/examples/rosette"


def example(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text())
    return document


def artifacts_of(api: str, run_id: UUID) -> dict[str, str]:
    """Return the types of the artifacts that a run left in Prefect, by key."""
    found = httpx.post(
        f"{api}/artifacts/filter",
        json={"artifacts": {"flow_run_id": {"any_": [str(run_id)]}}},
    ).json()
    return {each["key"]: each["type"] for each in found}


async def test_the_flow_answers_and_shows_the_design(prefect_api: str) -> None:
    """The run completes with the verdict; verdict, margins and picture are artifacts."""
    state = await score_rosette(
        example("om28-herringbone"), example("om28-context"), return_state=True
    )
    document = await state.aresult()
    assert state.is_completed()
    assert document["decision"] == "ALLOW"
    assert artifacts_of(prefect_api, state.state_details.flow_run_id) == {
        "rosette-score": "markdown",
        "rosette-margins": "table",
        "rosette-design": "image",
    }


async def test_a_blocked_design_completes_the_run(prefect_api: str) -> None:
    """BLOCK is an answer, not a failure of the run."""
    assert prefect_api
    state = await score_rosette(example("blocked-land"), example("om28-context"), return_state=True)
    assert state.is_completed()
    assert (await state.aresult())["decision"] == "BLOCK"


async def test_an_unknown_tool_blocks(prefect_api: str) -> None:
    """An id that the library lacks blocks, with a suggestion."""
    assert prefect_api
    context = example("classical-context") | {"tool": "downcut-3.17"}
    document = await score_rosette(example("torres-84"), context)
    assert document["decision"] == "BLOCK"
    assert "downcut-3.175" in document["violations"][0]["fix"]


async def test_the_task_judges_documents() -> None:
    """Without a server, the task's function is the engine's judgement."""
    judgement = await score_feasibility.fn(example("blocked-doc"), example("fine-cutter-context"))
    assert [each.code for each in judgement.verdict.violations] == ["DOC"]
    assert judgement.spec is not None


def test_the_form_has_titles_and_descriptions() -> None:
    """Prefect's form names every field with its unit and says what it is for."""
    (payload,) = [each for each in builtin_deployments() if each["flow"] == "score-rosette"]
    schema = payload["deployment"]["parameter_openapi_schema"]
    assert [each["title"] for each in schema["properties"].values()] == ["Design", "Context"]
    design = schema["definitions"]["RosetteSpec"]["properties"]
    assert design["channel_depth_mm"]["title"] == "Channel depth (mm)"
    assert design["channel_depth_mm"]["description"]
    context = schema["definitions"]["ContextForm"]["properties"]
    assert context["spindle_rpm"]["title"] == "Spindle (1/min)"
    assert all(each["description"] for each in context.values())


@pytest.mark.parametrize("name", ["om28-herringbone", "blocked-envelope"])
def test_the_markdown_holds_every_violation(name: str) -> None:
    """The artifact's table has a line for each violation."""
    files = [(EXAMPLES / f"{each}.json").read_text() for each in (name, "om28-context")]
    verdict = judge_documents(*files).verdict
    text = score_markdown(verdict)
    assert f"{verdict.score:.1f} of 100" in text
    assert text.count("| RED |") == len([v for v in verdict.violations if v.severity == "RED"])
