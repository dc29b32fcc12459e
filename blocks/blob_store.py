"""Content-addressed files: the SHA-256 of the content is its name."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from uuid import uuid4

import fsspec
from fsspec.implementations.local import LocalFileSystem

from prefect_luthier.errors import LuthierError
from prefect_luthier.settings import Settings

_CHUNK = 1 << 20
_INCOMING = ".incoming-"
_LOST_AFTER_S = 86_400.0  # nothing is received for a whole day


@dataclass(frozen=True)
class Incoming:
    """Content that was received and synced, but has no name in the store yet."""

    sha256: str
    size_bytes: int
    _fs: Any
    _path: str

    def open(self) -> IO[bytes]:
        """Open the content for reading."""
        file: IO[bytes] = self._fs.open(self._path, "rb")
        return file


class BlobStore:
    """Blobs under an fsspec URL; a plain path or ``file://`` is a local folder.

    A blob is written to a temporary name, synced and renamed, so that a name never stands
    for half a content; it is verified when it is read.
    """

    def __init__(self, url: str) -> None:
        self._fs, self._root = fsspec.core.url_to_fs(url)
        self._local = isinstance(self._fs, LocalFileSystem)

    def put(self, content: bytes | Path | IO[bytes]) -> str:
        """Store content, given as bytes, a path or a binary file; return its SHA-256 in hex."""
        with self.receive(content) as incoming:
            self.publish(incoming)
            return incoming.sha256

    @contextlib.contextmanager
    def receive(
        self, content: bytes | Path | IO[bytes], *, limit_bytes: int | None = None
    ) -> Iterator[Incoming]:
        """Take content in, in pieces, to be looked at before `publish` makes it visible.

        What is not published by the end of the block is gone.

        Raises:
            LuthierError: It has more than ``limit_bytes`` (``too-large``).
        """
        with _opened(content) as source:
            self._fs.makedirs(self._root, exist_ok=True)
            self._remove_lost()
            temporary = f"{self._root}/{_INCOMING}{uuid4().hex}"
            try:
                yield self._copy(source, temporary, limit_bytes)
            finally:
                if self._fs.exists(temporary):
                    self._fs.rm_file(temporary)

    def publish(self, incoming: Incoming) -> None:
        """Give received content its name; the same content that is there already stays.

        A damaged blob of that name is replaced: nothing else could have that name.
        """
        path = self._path(incoming.sha256)
        folder = path.rsplit("/", 1)[0]
        if self._fs.exists(path) and self._is_whole(incoming.sha256):
            return
        if not self._fs.exists(folder):
            self._fs.makedirs(folder, exist_ok=True)
            self._sync_folder(self._root)
        if self._local:
            os.replace(incoming._path, path)  # noqa: PTH105, SLF001 - atomic, and ours
        else:
            self._fs.mv(incoming._path, path)  # noqa: SLF001
        self._sync_folder(folder)

    def get(self, name: str) -> bytes:
        """Return a blob.

        Raises:
            LuthierError: It is not there (``blob-missing``) or was changed (``blob-damaged``).
        """
        with self.open(name) as file:
            content: bytes = file.read()
        if hashlib.sha256(content).hexdigest() != name:
            raise _damaged(name)
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

    def export(self, name: str, target: Path) -> None:
        """Write a verified blob to a local file; a file appears only when the content is whole.

        Raises:
            LuthierError: It is not there (``blob-missing``) or was changed (``blob-damaged``).
        """
        temporary = target.with_name(f".{target.name}.{uuid4().hex}")
        try:
            with self.open(name) as source, temporary.open("xb") as file:
                if _hash_while_copying(source, file)[0] != name:
                    raise _damaged(name)
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)

    def verify(self, name: str) -> None:
        """Read a blob through, without keeping it.

        Raises:
            LuthierError: It is not there (``blob-missing``) or was changed (``blob-damaged``).
        """
        if not self._is_whole(name):
            raise _damaged(name)

    def __contains__(self, name: str) -> bool:
        return bool(self._fs.exists(self._path(name)))

    def _path(self, name: str) -> str:
        return f"{self._root}/{name[:2]}/{name}"

    def _is_whole(self, name: str) -> bool:
        with self.open(name) as file:
            return _digest(file) == name

    def _copy(self, source: IO[bytes], target: str, limit_bytes: int | None) -> Incoming:
        with self._fs.open(target, "wb") as file:
            name, size = _hash_while_copying(source, file, limit_bytes)
            _sync(file)
        return Incoming(name, size, self._fs, target)

    def _remove_lost(self) -> None:
        """Remove what a process that was killed had begun to receive, long ago."""
        if not self._local:
            return
        with os.scandir(self._root) as entries:
            for entry in entries:
                if entry.name.startswith(_INCOMING):
                    with contextlib.suppress(FileNotFoundError):  # another process was faster
                        if time.time() - entry.stat().st_mtime > _LOST_AFTER_S:
                            Path(entry.path).unlink()

    def _sync_folder(self, folder: str) -> None:
        """Make a rename in a local folder outlast a power cut."""
        if not self._local:
            return
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


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


def _hash_while_copying(
    source: IO[bytes], target: IO[bytes], limit_bytes: int | None = None
) -> tuple[str, int]:
    checksum, size = hashlib.sha256(), 0
    while chunk := source.read(_CHUNK):
        size += len(chunk)
        if limit_bytes is not None and size > limit_bytes:
            raise too_large(f"more than {limit_bytes:,}", limit_bytes)
        checksum.update(chunk)
        target.write(chunk)
    return checksum.hexdigest(), size


def _digest(file: IO[bytes]) -> str:
    checksum = hashlib.sha256()
    while chunk := file.read(_CHUNK):
        checksum.update(chunk)
    return checksum.hexdigest()


def too_large(size: str, limit_bytes: int) -> LuthierError:
    """Return the refusal of content that has ``size`` bytes."""
    return LuthierError(
        "too-large",
        f"the content has {size} bytes; the limit is {limit_bytes:,}.",
        "Raise LUTHIER_MAX_ATTACHMENT_BYTES if files of that size are meant.",
    )


def _damaged(name: str) -> LuthierError:
    return LuthierError(
        "blob-damaged",
        f"the stored content {name[:12]} no longer has its checksum.",
        "Restore it from a backup, or run the step again.",
    )


def _sync(file: Any) -> None:
    file.flush()
    with contextlib.suppress(AttributeError, OSError, io.UnsupportedOperation):
        os.fsync(file.fileno())
