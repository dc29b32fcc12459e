"""`rosette.score`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from prefect_luthier.errors import LuthierError

EXAMPLES = Path(__file__).parents[3] / "docs/examples/rosette"


def example(name: str, **changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((EXAMPLES / f"{name}.json").read_text())
    return document | changes


async def test_it_gives_the_verdict_as_outputs(call, log):
    """The outputs are those of `luthier rosette score --json`; the log says the answer."""
    out = await call(
        "rosette.score", spec=example("om28-herringbone"), context=example("om28-context")
    )
    assert (out["decision"], out["risk"], out["violations"]) == ("ALLOW", "GREEN", [])
    assert log == [f"ALLOW, {out['score']:.1f} of 100, GREEN"]


async def test_a_blocked_design_is_an_answer(call, log):
    """The step ends well with BLOCK in its outputs, so that a workflow can branch on it."""
    out = await call(
        "rosette.score", spec=example("blocked-proud"), context=example("om28-context")
    )
    assert out["decision"] == "BLOCK"
    assert [each["code"] for each in out["violations"]] == ["PROUD"]
    assert log[1].startswith("RED PROUD: ")


async def test_a_blocked_design_may_fail_the_step(call):
    """With `blocked = "fail"` the step fails with the violation and its fix."""
    with pytest.raises(LuthierError) as failed:
        await call(
            "rosette.score",
            spec=example("blocked-proud"),
            context=example("om28-context"),
            blocked="fail",
        )
    assert failed.value.code == "design-blocked"
    assert "PROUD" in failed.value.message
    assert "inlay_thickness_mm" in failed.value.advice


async def test_invalid_documents_are_blocked(call):
    """What holds no design is never allowed."""
    out = await call("rosette.score", spec={"rings": 3}, context=example("om28-context", tool="x"))
    assert (out["decision"], out["score"], out["digest"]) == ("BLOCK", 0.0, None)
    assert {each["code"] for each in out["violations"]} == {"INPUT", "TOOL_KNOWN"}
