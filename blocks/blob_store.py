"""Content-addressed files: the SHA-256 of the content is its name."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import fsspec

from prefect_luthier.errors import LuthierError
from prefect_luthier.settings import Settings

_CHUNK = 1 << 20


class BlobStore:
    """Blobs under an fsspec URL; a plain path or ``file://`` is a local folder.

    A blob is written to a temporary name, synced and renamed, so that a name never stands
    for half a content; it is verified when it is read.
    """

    def __init__(self, url: str) -> None:
        self._fs, self._root = fsspec.core.url_to_fs(url)

    def put(self, content: bytes | Path | IO[bytes]) -> str:
        """Store content, given as bytes, a path or a binary file; return its SHA-256 in hex."""
        with _opened(content) as source:
            self._fs.makedirs(self._root, exist_ok=True)
            temporary = f"{self._root}/.incoming-{uuid4().hex}"
            try:
                name = self._copy(source, temporary)
                self._publish(temporary, self._path(name))
            finally:
                if self._fs.exists(temporary):
                    self._fs.rm_file(temporary)
        return name

    def get(self, name: str) -> bytes:
        """Return a blob.

        Raises:
            LuthierError: It is not there (``blob-missing``) or was changed (``blob-damaged``).
        """
        with self.open(name) as file:
            content: bytes = file.read()
        if hashlib.sha256(content).hexdigest() != name:
            raise LuthierError(
                "blob-damaged",
                f"the stored content {name[:12]} no longer has its checksum.",
                "Restore it from a backup, or run the step again.",
            )
        return content

    @contextlib.contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        """Open a blob for reading, without verifying it.

        Raises:
            LuthierError: It is not there (``blob-missing``).
        """
        try:
            file = self._fs.open(self._path(name), "rb")
        except FileNotFoundError as error:
            raise LuthierError(
                "blob-missing", f"there is no stored content {name[:12]}."
            ) from error
        with file:
            yield file

    def __contains__(self, name: str) -> bool:
        return bool(self._fs.exists(self._path(name)))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name[:2]}/{name}"

    def _copy(self, source: IO[bytes], target: str) -> str:
        checksum = hashlib.sha256()
        with self._fs.open(target, "wb") as file:
            while chunk := source.read(_CHUNK):
                checksum.update(chunk)
                file.write(chunk)
            _sync(file)
        return checksum.hexdigest()

    def _publish(self, temporary: str, path: str) -> None:
        if self._fs.exists(path):
            return
        self._fs.makedirs(path.rsplit("/", 1)[0], exist_ok=True)
        self._fs.mv(temporary, path)


def open_blob_store(settings: Settings) -> BlobStore:
    """Return the store that the settings name."""
    return BlobStore(settings.blob_url or str(settings.data_dir / "blobs"))


@contextlib.contextmanager
def _opened(content: bytes | Path | IO[bytes]) -> Iterator[IO[bytes]]:
    if isinstance(content, bytes):
        yield io.BytesIO(content)
    elif isinstance(content, Path):
        with content.open("rb") as file:
            yield file
    else:
        yield content


def _sync(file: Any) -> None:
    file.flush()
    with contextlib.suppress(AttributeError, OSError, io.UnsupportedOperation):
        os.fsync(file.fileno())


def copy_blob(store: BlobStore, name: str, target: Path) -> None:
    """Write a blob to a local file."""
    with store.open(name) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file, _CHUNK)
