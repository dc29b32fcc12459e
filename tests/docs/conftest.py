"""A shell for the lines that the pages tell a reader to type."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

Shell = Callable[[str], str]


@pytest.fixture
def shell(tmp_path: Path, clean_environment: Path, postgres_url: str, prefect_server: str) -> Shell:
    """Give a function that runs a line in a folder that has `docs`, and returns what it printed."""
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {
        "PATH": programs,
        "LUTHIER_DATABASE_URL": postgres_url,
        "LUTHIER_DATA_DIR": str(clean_environment),
        "PREFECT_API_URL": prefect_server,
    }

    def run(line: str) -> str:
        done = subprocess.run(
            ["sh", "-c", line],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        return done.stdout

    return run
