"""The folders that steps run in."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from prefect_luthier.errors import LuthierError
from prefect_luthier.settings import Settings


def run_workspace(settings: Settings, run_id: str) -> Path:
    """Return the folder of a run, made if it is not there; a resumed run finds its files again."""
    folder = workspaces_root(settings) / run_id
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def workspaces_root(settings: Settings) -> Path:
    """Return the folder that holds the workspaces of all runs."""
    return settings.data_dir.expanduser().absolute() / "workspaces"


@contextlib.contextmanager
def step_workspace(run_folder: Path, policy: str) -> Iterator[Path]:
    """Give the folder that a step runs in.

    Args:
        run_folder: The run's own folder.
        policy: ``inherit`` for that folder, ``ephemeral`` for an empty one that is removed
            afterwards, or a path; a relative one lies in the run's folder and is made.

    Raises:
        LuthierError: The path leads out of the run's folder, or is no folder.
    """
    if policy == "inherit":
        yield run_folder
    elif policy == "ephemeral":
        folder = Path(tempfile.mkdtemp(prefix="luthier-step-"))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    else:
        yield _named_folder(run_folder, policy)


def _named_folder(run_folder: Path, path: str) -> Path:
    try:
        folder = (run_folder / Path(path).expanduser()).resolve()
        if not Path(path).expanduser().is_absolute():
            if not folder.is_relative_to(run_folder.resolve()):
                raise LuthierError(
                    "path-outside-workspace",
                    f"the workspace {path!r} leads out of the run's folder.",
                    "Give a folder inside it, or an absolute path if that is meant.",
                )
            folder.mkdir(parents=True, exist_ok=True)
        is_folder = folder.is_dir()
    except (OSError, ValueError, RuntimeError) as error:
        raise LuthierError(
            "bad-workspace", f"the workspace {path!r} cannot be used: {error}."
        ) from error
    if not is_folder:
        raise LuthierError("no-workspace", f"the workspace {str(folder)!r} is no folder.")
    return folder
