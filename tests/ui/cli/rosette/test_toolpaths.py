"""`luthier rosette toolpaths`: files, document, exit codes, nothing half-written."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from prefect_luthier.ui.cli.main import main

EXAMPLES = Path(__file__).parents[4] / "docs/examples/rosette"
OM28 = ("--spec", str(EXAMPLES / "om28-herringbone.json"))
CONTEXT = ("--context", str(EXAMPLES / "om28-context.json"))


@pytest.fixture
def toolpaths(monkeypatch, capsys) -> Callable[..., tuple[int, str, str]]:
    """Give a function that runs the command here: exit code, stdout, stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setattr("sys.argv", ["luthier", "rosette", "toolpaths", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.out + printed.err
        return left.value.code or 0, printed.out, printed.err

    return run


def test_it_writes_verified_files_and_says_so(tmp_path, toolpaths):
    """The document lists every file with its checksum, kind, and what the program does."""
    out = tmp_path / "om28"
    code, printed, _ = toolpaths(*OM28, *CONTEXT, "--dialect", "linuxcnc", "-o", str(out), "--json")
    assert code == 0
    document = json.loads(printed)
    kinds = [file["kind"] for file in document["files"]]
    assert kinds[0] == "gcode"
    assert set(kinds) == {
        *("gcode", "svg", "svg-dimensioned", "svg-toolpath", "dxf", "inlay"),
        *("cut-list", "bill-of-materials", "verification"),
    }
    for file in document["files"]:
        assert hashlib.sha256(Path(file["path"]).read_bytes()).hexdigest() == file["sha256"]
    assert {path.name for path in out.iterdir()} == {
        Path(file["path"]).name for file in document["files"]
    }
    assert document["verification"]["passed"]
    assert document["verification"]["gouge_mm2"] == 0
    assert document["verification"]["max_depth_mm"] == 1.5
    assert document["time_s"] > 60
    assert document["length_mm"] > 6000
    assert document["decision"] == "ALLOW"
    (channel,) = document["channels"]
    assert channel["inner_mm"] == pytest.approx(55.75)
    assert channel["outer_mm"] == pytest.approx(61.85)


def test_two_processes_write_the_same_bytes(tmp_path):
    """With another hash seed every file is the same, drawings and manifest included."""
    for seed in ("1", "2"):
        command = [sys.executable, "-c", "from prefect_luthier.ui.cli.main import main; main()"]
        subprocess.run(
            [*command, "rosette", "toolpaths", *OM28, *CONTEXT, "-o", str(tmp_path / seed)],
            capture_output=True,
            env=os.environ | {"PYTHONHASHSEED": seed},
            timeout=120,
            check=True,
        )
    first, second = (
        {path.name: path.read_bytes() for path in (tmp_path / seed).iterdir()} for seed in "12"
    )
    assert first == second


def test_a_blocked_design_writes_nothing(tmp_path, toolpaths):
    """The violations are shown, the exit code is 1, and there is no folder."""
    out = tmp_path / "blocked"
    spec = ("--spec", str(EXAMPLES / "blocked-floor.json"))
    code, printed, _ = toolpaths(*spec, *CONTEXT, "-o", str(out), "--json")
    document = json.loads(printed)
    assert code == 1
    assert document["decision"] == "BLOCK"
    assert "FLOOR" in {violation["code"] for violation in document["violations"]}
    assert document["files"] == []
    code, printed, _ = toolpaths(*spec, *CONTEXT, "-o", str(out))
    assert code == 1
    assert "FLOOR" in printed
    assert list(tmp_path.iterdir()) == []


def test_the_view_for_people_names_the_figures(tmp_path, toolpaths):
    """The table has the verification, the time and the files."""
    code, printed, _ = toolpaths(*OM28, *CONTEXT, "--conventional", "-o", str(tmp_path / "out"))
    assert code == 0
    words = " ".join(printed.split())
    for expected in ("VERIFIED", "gouge 0.000 mm²", "climb 13%", "channels.nc gcode"):
        assert expected in words


def test_the_tool_travels_above_what_stands_on_the_board(tmp_path, toolpaths):
    """Every travel in the plane is at the clearance that was asked for; the dwell is as asked."""
    out = tmp_path / "out"
    code, _, _ = toolpaths(*OM28, *CONTEXT, "--clearance", "22", "--dwell", "1.5", "-o", str(out))
    assert code == 0
    lines = (out / "channels.nc").read_text().splitlines()
    assert "G4 P1.5" in lines
    travels = [index for index, line in enumerate(lines) if line.startswith("G0 X")]
    assert travels
    for index in travels:
        before = [line for line in lines[:index] if line.startswith("G0 Z")]
        assert before[-1] == "G0 Z22.0000"


BAD = {
    "no-such-file": (("--spec", "/nowhere.json", *CONTEXT), 2),
    "not-json": (("--spec", __file__, *CONTEXT), 1),
    "a-context-as-the-design": (("--spec", CONTEXT[1], *CONTEXT), 1),
    "unknown-dialect": ((*OM28, *CONTEXT, "--dialect", "fanuc"), 2),
    "stepover-too-wide": ((*OM28, *CONTEXT, "--stepover", "1.2"), 2),
    "stepover-no-number": ((*OM28, *CONTEXT, "--stepover", "nan"), 2),
    "clearance-too-low": ((*OM28, *CONTEXT, "--clearance", "0.5"), 2),
    "clearance-no-number": ((*OM28, *CONTEXT, "--clearance", "nan"), 2),
    "dwell-endless": ((*OM28, *CONTEXT, "--dwell", "inf"), 2),
    "no-context": (OM28, 2),
}


@pytest.mark.parametrize("name", BAD)
def test_wrong_usage_and_bad_input_write_nothing(name, tmp_path, toolpaths):
    """Unreadable input and wrong options give 2, invalid content gives 1; no folder appears."""
    arguments, expected = BAD[name]
    code, _, _ = toolpaths(*arguments, "-o", str(tmp_path / "out"), "--json")
    assert code == expected
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_named(tmp_path, toolpaths):
    """The message names it; the file stays as it was."""
    (tmp_path / "out").write_text("mine")
    code, _, errors = toolpaths(*OM28, *CONTEXT, "-o", str(tmp_path / "out"))
    assert code == 2
    assert "unwritable-folder" in errors
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]
