"""`luthier rosette draw`: the picture, to stdout or a file, and what it says of a design."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from prefect_luthier.ui.cli.main import main

EXAMPLES = Path(__file__).parents[4] / "docs/examples/rosette"
OM28 = ("--spec", str(EXAMPLES / "om28-herringbone.json"))
CONTEXT = ("--context", str(EXAMPLES / "om28-context.json"))

Draw = Callable[..., tuple[int, str, str]]


@pytest.fixture
def draw(monkeypatch, capsys) -> Draw:
    """Give a function that runs the command here: exit code, stdout, stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setenv("NO_COLOR", "1")
        monkeypatch.setattr("sys.argv", ["luthier", "rosette", "draw", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.out + printed.err
        return left.value.code or 0, printed.out, printed.err

    return run


def test_it_prints_the_picture(draw: Draw) -> None:
    """Without a file it goes to stdout, dimensioned, and nothing else does."""
    code, printed, said = draw(*OM28)
    assert (code, said) == (0, "")
    root = ET.fromstring(printed)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "⌀ 101.6" in printed
    assert "⌀ 123.6" in printed


def test_dimensions_can_be_left_out(draw: Draw) -> None:
    """The plain picture has no text."""
    _, printed, _ = draw(*OM28, "--no-dimensions")
    assert "<text" not in printed


def test_it_writes_a_file_and_names_its_checksum(draw: Draw, tmp_path: Path) -> None:
    """The document gives path, checksum and the design's digest; folders are made."""
    out = tmp_path / "new" / "rosette.svg"
    code, printed, _ = draw(*OM28, "-o", str(out), "--json")
    document = json.loads(printed)
    assert code == 0
    assert document["path"] == str(out)
    assert document["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert document["digest"].startswith("sha256:")


def test_with_a_context_the_culprits_are_outlined(draw: Draw) -> None:
    """A design that cannot be made is drawn all the same, with the reason beside its ring."""
    blocked = ("--spec", str(EXAMPLES / "blocked-tool-fit.json"))
    fine = ("--context", str(EXAMPLES / "fine-cutter-context.json"))
    code, printed, _ = draw(*blocked, *fine)
    assert code == 0
    assert 'class="outline red"' in printed
    assert ">TOOL_FIT</tspan>" in printed
    assert "outline" not in draw(*blocked)[1]


def test_an_invalid_design_is_not_drawn(draw: Draw, tmp_path: Path) -> None:
    """Every finding is shown, and no file is left."""
    bad = tmp_path / "bad.json"
    bad.write_text('{"soundhole_diameter_mm": -1, "rings": []}')
    out = tmp_path / "rosette.svg"
    code, printed, said = draw("--spec", str(bad), "-o", str(out))
    assert (code, printed) == (1, "")
    assert "soundhole_diameter_mm" in said
    assert not out.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("--spec", "/nowhere.json"),
        (*OM28, "--json"),
        ("--spec", "-", "--context", "-"),
        (*OM28, "-o", "/proc/nothing/rosette.svg"),
    ],
    ids=["no such file", "json without a file", "one input for two", "unwritable"],
)
def test_wrong_usage_is_code_two(draw: Draw, arguments: tuple[str, ...]) -> None:
    """What cannot be read or written is said in one sentence."""
    code, _, said = draw(*arguments)
    assert code == 2
    assert said.startswith("error[")
