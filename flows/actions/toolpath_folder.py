"""Writing a rosette's files into a folder, so that no half of them is ever taken for the whole.

A folder that does not exist appears at once with everything in it. In one that does, the new files
are complete on the disk before the first old one is replaced, the manifest is away while files
change, and what an earlier release left there goes, so that no program of another design stays.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from prefect_luthier.errors import UsageError
from prefect_luthier.rmos.toolpaths.folder import MANIFEST, ReleasedFile

_MOST_MANIFEST_BYTES = 4 << 20


def write_folder(folder: Path, released: Sequence[ReleasedFile]) -> list[Path]:
    """Write the files, and return where each of them is now.

    Raises:
        UsageError: The folder cannot be written (``unwritable-folder``).
    """
    folder = folder.absolute()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        inside = folder if folder.exists() else folder.parent
        staged = Path(tempfile.mkdtemp(prefix=f".{folder.name[:60]}.", dir=inside))
        try:
            _stage(staged, released)
            if inside is folder:
                _replace(folder, staged, released)
            else:
                staged.chmod(0o777 & ~_umask())
                staged.rename(folder)
            _flush_folder(inside)
        finally:
            shutil.rmtree(staged, ignore_errors=True)
    except OSError as error:
        raise UsageError(
            "unwritable-folder",
            f"cannot write the toolpaths to {str(folder)!r}: {error.strerror or error}.",
            "Give a folder that can be written, with -o.",
        ) from error
    return [folder / file.name for file in released]


def _stage(staged: Path, released: Sequence[ReleasedFile]) -> None:
    for file in released:
        with (staged / file.name).open("wb") as target:
            target.write(file.data)
            target.flush()
            os.fsync(target.fileno())


def _replace(folder: Path, staged: Path, released: Sequence[ReleasedFile]) -> None:
    names = [file.name for file in released]
    stale = _earlier_names(folder / MANIFEST) - set(names)
    (folder / MANIFEST).unlink(missing_ok=True)
    for name in sorted(stale):
        (folder / name).unlink(missing_ok=True)
    for name in sorted(names, key=lambda name: name == MANIFEST):
        (staged / name).replace(folder / name)


def _earlier_names(manifest: Path) -> set[str]:
    """Return the files that an earlier release lists; nothing outside its own folder."""
    try:
        if manifest.stat().st_size > _MOST_MANIFEST_BYTES:
            return set()
        listed = json.loads(manifest.read_bytes())["files"]
        names = {str(entry["path"]) for entry in listed}
    except (OSError, ValueError, KeyError, TypeError):
        return set()
    return {name for name in names if name not in {"", ".", ".."} and Path(name).name == name}


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
