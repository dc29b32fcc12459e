"""`rosette.toolpaths`."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from prefect_luthier.errors import LuthierError

EXAMPLES = Path(__file__).parents[3] / "docs/examples/rosette"


def example(name: str):
    return json.loads((EXAMPLES / f"{name}.json").read_text())


def checksums(folder: Path) -> dict[str, str]:
    return {str(p): hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


async def test_it_writes_verified_files_into_the_workspace(call, tmp_path, log):
    """The outputs name each file with its checksum, and the program's verification."""
    out = await call(
        "rosette.toolpaths",
        spec=example("om28-herringbone"),
        context=example("om28-context"),
        dialect="linuxcnc",
        folder="cut/om28",
    )
    assert out["program"] == str(tmp_path / "cut/om28/channels.ngc")
    assert {f["path"]: f["sha256"] for f in out["files"]} == checksums(tmp_path / "cut/om28")
    assert out["verification"]["passed"]
    assert out["verification"]["gouge_mm2"] == 0
    assert out["time_s"] > 0
    assert "passed its simulation" in log[0]


async def test_a_blocked_design_fails_the_step(call, tmp_path):
    """The reason is the violation; nothing is written."""
    with pytest.raises(LuthierError) as refused:
        await call(
            "rosette.toolpaths", spec=example("blocked-floor"), context=example("om28-context")
        )
    assert refused.value.code == "design-blocked"
    assert "FLOOR" in refused.value.message
    assert list(tmp_path.iterdir()) == []


async def test_an_invalid_document_fails_the_step(call, tmp_path):
    """Every finding is in the message, with its place."""
    spec = example("om28-herringbone") | {"channel_depth_mm": -1, "rings": []}
    with pytest.raises(LuthierError) as refused:
        await call("rosette.toolpaths", spec=spec, context=example("om28-context"))
    assert refused.value.code == "invalid-document"
    assert "channel_depth_mm" in refused.value.message
    assert "rings" in refused.value.message
    assert list(tmp_path.iterdir()) == []


async def test_a_folder_outside_the_workspace_is_refused(call):
    """A relative path may not lead out of the workspace."""
    with pytest.raises(LuthierError) as refused:
        await call(
            "rosette.toolpaths",
            spec=example("om28-herringbone"),
            context=example("om28-context"),
            folder="../elsewhere",
        )
    assert refused.value.code == "path-outside-workspace"
