"""What steps write, kept as blobs; storing goes on while the run does."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import IO, Any, Self

from prefect_luthier.blocks.blob_store import BlobStore

_MEMORY_BYTES = 1024 * 1024
_CHUNK_BYTES = 1024 * 1024


class LogBlobs:
    """Takes the output of steps and stores it in the background.

    Args:
        blobs: Where it goes.
    """

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._executor = ThreadPoolExecutor(1, thread_name_prefix="luthier-blobs")
        self._pending: set[asyncio.Future[str]] = set()

    def open(self) -> LogFile:
        """Return a file to write one stream to; a large one leaves the memory for the disk."""
        return LogFile(self)

    def store(self, file: IO[bytes]) -> None:
        """Store a file in the background, then close it."""
        storing = asyncio.get_running_loop().run_in_executor(self._executor, self._put, file)
        self._pending.add(storing)
        storing.add_done_callback(self._pending.discard)

    async def close(self) -> list[str]:
        """Wait until everything is stored; return what could not be, as messages."""
        found: list[Any] = await asyncio.gather(*self._pending, return_exceptions=True)
        self._executor.shutdown(wait=False)
        return [str(item) for item in found if isinstance(item, BaseException)]

    def _put(self, file: IO[bytes]) -> str:
        with file:
            file.seek(0)
            return self._blobs.put(file)


class LogFile:
    """One stream of one attempt."""

    def __init__(self, owner: LogBlobs) -> None:
        self._owner = owner
        self._kept = False
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - __exit__ closes it
            max_size=_MEMORY_BYTES
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._kept:
            self.file.close()

    def keep(self) -> str | None:
        """Have it stored; return its SHA-256, None when it is empty."""
        if not self.file.tell():
            return None
        checksum = hashlib.sha256()
        self.file.seek(0)
        while piece := self.file.read(_CHUNK_BYTES):
            checksum.update(piece)
        self._kept = True
        self._owner.store(self.file)
        return checksum.hexdigest()
