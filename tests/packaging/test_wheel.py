"""The wheel holds everything that the checkout has, under one import name."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("blocks", "rmos", "deployments", "ai_builder", "flows", "ui")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Build the wheel from a copy of the committed files, as an installer would."""
    copy = tmp_path_factory.mktemp("copy")
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)
    names = [name for name in files.stdout.decode().split("\0") if name]
    archive = subprocess.Popen(
        ["tar", "--ignore-failed-read", "-cf", "-", *names], cwd=ROOT, stdout=subprocess.PIPE
    )
    subprocess.run(["tar", "-xf", "-"], cwd=copy, stdin=archive.stdout, check=True)
    assert archive.wait() == 0
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", str(folder)]
    done = subprocess.run([*command, str(copy)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_only_one_import_name_is_installed(wheel: zipfile.ZipFile) -> None:
    """No top-level `flows` or `ui` that could shadow a user's own."""
    top = {name.split("/")[0] for name in wheel.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == {"prefect_luthier"}


def test_every_file_is_in_the_wheel(wheel: zipfile.ZipFile) -> None:
    """Modules and data files of all floors are packed, tests and docs are not."""
    packed = set(wheel.namelist())
    committed = subprocess.run(
        ["git", "ls-files", "-z", *FOLDERS], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout.split("\0")
    missing = [name for name in committed if name and f"prefect_luthier/{name}" not in packed]
    assert missing == []
    assert not [name for name in packed if Path(name).name.startswith(("test_", "conftest"))]


def test_the_collection_entry_point_is_declared(wheel: zipfile.ZipFile) -> None:
    """Prefect finds the blocks when it starts."""
    name = next(name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    text = wheel.read(name).decode()
    assert "[prefect.collections]\nprefect_luthier = prefect_luthier.blocks.collection" in text
    assert "luthier = prefect_luthier.ui.cli.main:main" in text
