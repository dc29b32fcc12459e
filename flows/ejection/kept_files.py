"""The files that a workflow keeps.

Ejected workflows carry this module, so that they run without Luthier.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from prefect.artifacts import acreate_markdown_artifact

SHOWN_BYTES = 256 * 1024


async def keep_artifacts(artifacts: Mapping[str, str], folder: Path) -> list[dict[str, Any]]:
    """Show small text files as Prefect artifacts, and return the checksums of all."""
    kept = []
    for name, path in _files(artifacts, folder):
        data = await asyncio.to_thread(path.read_bytes)
        shown = str(path.relative_to(folder))
        digest = hashlib.sha256(data).hexdigest()
        kept.append({"id": name, "path": shown, "sha256": digest, "bytes": len(data)})
        if len(data) <= SHOWN_BYTES and b"\0" not in data:
            await acreate_markdown_artifact(
                data.decode(errors="replace"),
                key=re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-"),
                description=shown,
            )
    return kept


def _files(artifacts: Mapping[str, str], folder: Path) -> list[tuple[str, Path]]:
    """Return the files that paths and globs name; a folder stands for the files in it."""
    found: list[tuple[str, Path]] = []
    for name, pattern in artifacts.items():
        is_glob = any(mark in pattern for mark in "*?[")
        for path in sorted(folder.glob(pattern)) if is_glob else [folder / pattern]:
            inside = sorted(path.rglob("*")) if path.is_dir() else [path]
            found += [(name, file) for file in inside if file.is_file()]
    return found
