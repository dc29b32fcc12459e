"""What the README and the tutorial say of rosettes runs as it stands, and draws that picture."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[2]
PICTURE = ROOT / "docs/images/rosette.svg"
REGENERATE = "LUTHIER_REGENERATE" in os.environ

Shell = Callable[[str], str]


def commands(page: str) -> list[str]:
    """Return the console lines of a page, continued lines joined as a shell reads them."""
    text = (ROOT / page).read_text()
    blocks = re.findall(r"^```console\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    joined = "".join(blocks).replace("\\\n", " ").replace("&&\n", "&& ")
    return [line.removeprefix("$ ") for line in joined.splitlines() if line.startswith("$ ")]


def test_the_readme_demo_ends_in_a_verified_program(shell: Shell, tmp_path: Path) -> None:
    """One line from wishes to a program that passed; the front page shows what it draws.

    LUTHIER_REGENERATE=1 writes the picture anew.
    """
    (line,) = [line for line in commands("README.md") if "luthier rosette" in line]
    shell(line)
    report = json.loads((tmp_path / "workshop/verification.json").read_text())
    (program,) = report["programs"]
    assert program["verification"]["passed"]
    assert (tmp_path / "workshop" / program["path"]).name == "channels.ngc"
    drawn = (tmp_path / "best.svg").read_text()
    if REGENERATE:
        PICTURE.write_text(drawn)
    assert drawn == PICTURE.read_text()


def test_the_tutorial_runs_from_top_to_bottom(shell: Shell, tmp_path: Path) -> None:
    """Each line succeeds in its order, up to the program of an approved design."""
    printed = [shell(line) for line in commands("docs/tutorial/rosette.md")]
    assert "G21" in printed[-1]
    assert json.loads((tmp_path / "bound.json").read_text())["decision"] == "ALLOW"
    assert (tmp_path / "workshop/verification.json").exists()
