"""The files to keep from a run: found, checked, stored, and shown in Prefect."""

from __future__ import annotations

import mimetypes
import re
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from prefect_luthier.blocks.blob_store import BlobStore
from prefect_luthier.deployments.definition.plan import PlannedArtifact
from prefect_luthier.masking import Masker

SHOWN_BYTES = 256 * 1024
MAX_FILES = 1000
_CHUNK_BYTES = 1024 * 1024


@dataclass(frozen=True)
class KeptFile:
    """One stored file.

    Args:
        id: The artifact of the definition.
        path: Path relative to the workspace, or absolute when the definition says so.
        sha256: Checksum of the stored content, its name in the blob store.
        keep_until: When it may be dropped, RFC 3339; None for never.
    """

    id: str
    path: str
    sha256: str
    bytes: int
    keep_until: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the JSON form."""
        return asdict(self)


@dataclass(frozen=True)
class Collected:
    """What was kept, and what could not be, as messages."""

    files: tuple[KeptFile, ...] = ()
    problems: tuple[str, ...] = ()


def collect(
    artifacts: tuple[PlannedArtifact, ...], folder: Path, blobs: BlobStore, masker: Masker
) -> Collected:
    """Store every file that the artifacts name.

    Args:
        artifacts: Paths or globs, relative to the workspace.
        folder: The run's workspace.
        blobs: Where they go.
        masker: Takes secrets out of them.
    """
    files: list[KeptFile] = []
    problems: list[str] = []
    for artifact in artifacts:
        found = list(_matches(artifact.path, folder))
        if not found:
            problems.append(f"artifact `{artifact.id}`: no file matches {artifact.path!r}")
        for path in found[:MAX_FILES]:
            if not _may_keep(path, artifact.path, folder):
                problems.append(f"artifact `{artifact.id}`: {path} leads out of the workspace")
                continue
            try:
                files.append(_kept(artifact, path, folder, blobs, masker))
            except OSError as error:
                problems.append(f"artifact `{artifact.id}`: {path}: {error.strerror or error}")
        if len(found) > MAX_FILES:
            problems.append(f"artifact `{artifact.id}`: only the first {MAX_FILES} files are kept")
    return Collected(tuple(files), tuple(problems))


def _matches(pattern: str, folder: Path) -> Iterator[Path]:
    """Yield the files that a path or glob names; a folder stands for the files in it."""
    path = Path(pattern)
    root, relative = (
        (Path(path.anchor), str(path.relative_to(path.anchor)))
        if path.anchor
        else (
            folder,
            pattern,
        )
    )
    found = sorted(root.glob(relative)) if _is_glob(relative) else [root / relative]
    for match in found:
        if match.is_dir():
            yield from sorted(item for item in match.rglob("*") if item.is_file())
        elif match.is_file():
            yield match


def _is_glob(pattern: str) -> bool:
    return any(character in pattern for character in "*?[")


def _may_keep(path: Path, pattern: str, folder: Path) -> bool:
    """Return whether a file lies where the definition says: links do not lead elsewhere."""
    return Path(pattern).is_absolute() or path.resolve().is_relative_to(folder.resolve())


def _kept(
    artifact: PlannedArtifact, path: Path, folder: Path, blobs: BlobStore, masker: Masker
) -> KeptFile:
    until = None
    if artifact.retention_s is not None:
        until = (datetime.now(UTC) + timedelta(seconds=artifact.retention_s)).isoformat()
    size, checksum = _store(path, blobs, masker)
    is_inside = path.is_relative_to(folder)
    shown = str(path.relative_to(folder)) if is_inside else str(path)
    return KeptFile(artifact.id, shown, checksum, size, until)


def _store(path: Path, blobs: BlobStore, masker: Masker) -> tuple[int, str]:
    if not masker:
        return path.stat().st_size, blobs.put(path)
    stream = masker.stream()
    with tempfile.TemporaryFile() as clean, path.open("rb") as source:
        while piece := source.read(_CHUNK_BYTES):
            clean.write(stream.feed(piece))
        clean.write(stream.flush())
        size = clean.tell()
        clean.seek(0)
        return size, blobs.put(clean)


def markdown_of(file: KeptFile, content: bytes) -> str | None:
    """Return a small text file as Markdown; None when it is large or no text."""
    if file.bytes > SHOWN_BYTES or b"\0" in content:
        return None
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    if Path(file.path).suffix.lower() in {".md", ".markdown"}:
        return text
    kind = (mimetypes.guess_type(file.path)[0] or "").rpartition("/")[2]
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall(r"`+", text)), default=0))
    return f"{fence}{kind if kind in {'json', 'csv', 'html'} else ''}\n{text}\n{fence}\n"


def artifact_key(*parts: str) -> str:
    """Return a key that Prefect accepts: lower case, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", "-".join(parts).lower()).strip("-")
