"""The page on toolpaths names every code, figure, file and option that there is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

from prefect_luthier.rmos.simulation.report import FindingCode, SimulationReport
from prefect_luthier.rmos.toolpaths.folder import FileKind

PAGE = (Path(__file__).parents[2] / "docs/reference/rosette-toolpaths.md").read_text()


def first_cells(head: str) -> set[str]:
    """Return the code words in the first column of the table under a head."""
    table = PAGE[PAGE.index(f"| {head} |") :].split("\n\n")[0]
    return {
        word
        for line in table.splitlines()[2:]
        for word in re.findall(r"`([^`]+)`", line.split("|")[1])
    }


def test_every_finding_is_explained() -> None:
    """The codes in the table are those that the simulator gives."""
    assert first_cells("code") == set(get_args(FindingCode))


def test_every_figure_is_explained() -> None:
    """The fields in the table are those of the report."""
    assert first_cells("field") == {"passed", *SimulationReport.model_fields}


def test_every_kind_of_file_is_explained() -> None:
    """The kinds in the table are those that a release has."""
    table = PAGE[PAGE.index("| file |") :].split("\n\n")[0]
    kinds = {line.split("|")[2].strip(" `") for line in table.splitlines()[2:]}
    assert kinds == set(get_args(FileKind))
