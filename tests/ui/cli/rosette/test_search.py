"""`luthier rosette search`: from a context to a document, an exit code and a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from prefect_luthier.rmos.design.reading import spec_from_json

CONTEXT: dict[str, Any] = {
    "material": "sitka-spruce",
    "top_thickness_mm": 2.8,
    "tool": {"diameter_mm": 1.59, "flutes": 2, "flute_length_mm": 6.35, "stickout_mm": 12.0},
    "machine": "shapeoko-3",
    "spindle_rpm": 24000,
    "feed_mm_min": 508,
    "plunge_mm_min": 254,
    "target_diameter_mm": 116.0,
    "intent": {
        "rings": [3, 7],
        "patterns": ["herringbone", "lines"],
        "complexity": "medium",
        "note": "warm, understated",
    },
}
KEYS = [
    "run_id", "status", "best", "score", "risk", "attempts_made", "evaluations", "time_s",
    "binding_constraints", "attempts",
]  # fmt: skip


@pytest.fixture
def search(postgres_url: str, prefect_server: str, clean_environment: Path, tmp_path: Path) -> Any:
    """Give a function that runs the command on a context."""

    def run(context: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "context.json"
        path.write_text(context if isinstance(context, str) else json.dumps(context))
        return subprocess.run(
            [sys.executable, "-m", "prefect_luthier.ui.cli.main", "rosette", "search",
             "--context", str(path), *arguments],
            env=os.environ | {"DATABASE_URL": postgres_url, "PREFECT_API_URL": prefect_server},
            capture_output=True,
            text=True,
            check=False,
        )  # fmt: skip

    return run


def test_a_design_is_found_and_written(search: Any, tmp_path: Path) -> None:
    """One JSON document with the agreed keys; the file holds the best design."""
    out = tmp_path / "made" / "best.json"
    done = search(CONTEXT, "--quick", "--seed", "7", "--json", "--out", str(out))
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert [key for key in KEYS if key not in document] == []
    assert document["attempts_made"] == len(document["attempts"]) <= 5
    reading = spec_from_json(out.read_text())
    assert reading.value is not None
    assert reading.value.digest == document["digest"]
    assert document["best"] == json.loads(out.read_text())
    assert {ring.pattern for ring in reading.value.rings} == {"herringbone", "line"}
    assert "Traceback" not in done.stderr


def test_what_cannot_be_made_exits_1(search: Any, tmp_path: Path) -> None:
    """The constraint is named, on the terminal and in the document; no file is written."""
    out = tmp_path / "best.json"
    done = search(CONTEXT | {"top_thickness_mm": 0.9}, "--json", "--out", str(out))
    assert done.returncode == 1
    document = json.loads(done.stdout)
    assert (document["status"], document["best"], document["score"]) == ("exhausted", None, None)
    assert [each["code"] for each in document["binding_constraints"]] == ["FLOOR"]
    assert "FLOOR (proven)" in done.stderr
    assert not out.exists()


@pytest.mark.parametrize(
    ("context", "arguments", "code", "says"),
    [
        (CONTEXT, ["--attempts", "0"], 1, "attempts is 0"),
        (CONTEXT, ["--seconds", "nan"], 1, "seconds is nan"),
        (CONTEXT, ["--seed", "-1"], 1, "seed is -1"),
        (CONTEXT | {"material": "sitka-spruse"}, [], 1, "sitka-spruce"),
        ("{", [], 1, "json"),
        (CONTEXT, ["--generator", "oracle"], 2, "oracle"),
    ],
    ids=["attempts", "nan", "seed", "material", "truncated", "generator"],
)
def test_wrong_wishes_are_refused(
    search: Any, context: Any, arguments: list[str], code: int, says: str
) -> None:
    """Before any server is asked, with the finding and no traceback."""
    done = search(context, *arguments)
    assert done.returncode == code, done.stderr
    assert says in done.stderr.lower()
    assert "Traceback" not in done.stderr
    assert "Prefect server" not in done.stderr
