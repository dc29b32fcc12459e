"""The floors of the house: imports point down, and the lower floors stay light."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HEAVY = ("prefect", "sqlalchemy", "openai", "streamlit", "sklearn", "networkx")


def loaded_by(statement: str) -> set[str]:
    """Return the heavy packages that a fresh interpreter has loaded after a statement."""
    code = f"{statement}\nimport sys\nprint(*[n for n in {HEAVY} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_imports_point_down() -> None:
    """import-linter finds no import that climbs or crosses."""
    lint = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "statement",
    [
        "import prefect_luthier.rmos",
        "import prefect_luthier.deployments.definition.validate",
        "import prefect_luthier.deployments.definition.plan",
        "import prefect_luthier.flows.actions.installed as i; i.installed_catalog()",
        "import prefect_luthier.ui.cli.main",
        "import prefect_luthier.ui.cli.validate",
        "import prefect_luthier.flows.builtin_deployments as b; b.builtin_deployments()",
        "import prefect_luthier.rmos.replay.search",
        "import prefect_luthier.deployments.stack.state",
    ],
)
def test_the_light_parts_stay_light(statement: str) -> None:
    """The definition, the domain and the command's front never load Prefect or a database."""
    assert loaded_by(statement) == set()


def test_the_check_can_fail() -> None:
    """The probe sees Prefect where it is loaded."""
    assert "prefect" in loaded_by("import prefect_luthier.flows.register")


@pytest.mark.parametrize("folder", ["blocks", "rmos", "deployments", "ai_builder", "flows", "ui"])
def test_folders_are_linked(folder: str) -> None:
    """Each top-level folder is the sub-package of the same name, through a committed link."""
    link = ROOT / "src" / "prefect_luthier" / folder
    assert link.is_symlink()
    assert link.resolve() == ROOT / folder
