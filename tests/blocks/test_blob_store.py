"""Blobs are named by their content and verified on read."""

from __future__ import annotations

import hashlib
import io
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from prefect_luthier.blocks.blob_store import BlobStore
from prefect_luthier.errors import LuthierError


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    """Give an empty store."""
    return BlobStore(str(tmp_path / "blobs"))


def test_content_comes_back_under_its_checksum(store: BlobStore, tmp_path: Path) -> None:
    """Bytes, files and streams of the same content share one name."""
    path = tmp_path / "x"
    path.write_bytes(b"hello")
    names = {store.put(b"hello"), store.put(path), store.put(io.BytesIO(b"hello"))}
    assert names == {hashlib.sha256(b"hello").hexdigest()}
    assert store.get(names.pop()) == b"hello"


def test_nothing_temporary_is_left(store: BlobStore, tmp_path: Path) -> None:
    """After storing, only the blob itself is in the folder."""
    name = store.put(b"x" * 3_000_000)
    files = [path.name for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    assert files == [name]
    store.export(name, tmp_path / "copy")
    assert (tmp_path / "copy").stat().st_size == 3_000_000


def test_damage_is_noticed(store: BlobStore, tmp_path: Path) -> None:
    """A blob that was changed on disk is refused."""
    name = store.put(b"honest")
    (tmp_path / "blobs" / name[:2] / name).write_bytes(b"forged")
    with pytest.raises(LuthierError, match="checksum"):
        store.get(name)
    with pytest.raises(LuthierError, match="checksum"):
        store.export(name, tmp_path / "copy")
    with pytest.raises(LuthierError, match="checksum"):
        store.verify(name)
    assert [path.name for path in tmp_path.iterdir()] == ["blobs"]


def test_damage_is_mended_by_the_same_content(store: BlobStore, tmp_path: Path) -> None:
    """Storing content again replaces a blob of its name that was changed on disk."""
    name = store.put(b"honest")
    (tmp_path / "blobs" / name[:2] / name).write_bytes(b"forged")
    assert store.put(b"honest") == name
    assert store.get(name) == b"honest"


def test_received_content_is_invisible_until_it_is_published(store: BlobStore) -> None:
    """Content can be looked at before it gets its name, and is gone when it does not."""
    with store.receive(b"hello") as incoming:
        assert incoming.size_bytes == 5
        with incoming.open() as file:
            assert file.read() == b"hello"
        assert incoming.sha256 not in store
    assert incoming.sha256 not in store
    with pytest.raises(FileNotFoundError):
        incoming.open()


def test_content_over_the_limit_is_refused(store: BlobStore, tmp_path: Path) -> None:
    """A stream that turns out too long is dropped; one of just the limit is taken."""
    with pytest.raises(LuthierError, match="limit is 4"), store.receive(b"12345", limit_bytes=4):
        pytest.fail("it was taken")
    with store.receive(b"1234", limit_bytes=4) as incoming:
        store.publish(incoming)
    assert len([path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]) == 1


def test_a_missing_blob_is_named(store: BlobStore) -> None:
    """Reading what was never stored says which content is missing."""
    with pytest.raises(LuthierError, match="no stored content abc"):
        store.get("abc")


KILLED = """
import io, os, signal, sys
from prefect_luthier.blocks.blob_store import BlobStore
class Source(io.RawIOBase):
    left = 3
    def read(self, size=-1):
        self.left -= 1
        if not self.left:
            os.kill(os.getpid(), signal.SIGKILL)
        return b"x" * 1000
BlobStore(sys.argv[1]).put(Source())
"""


def test_a_killed_process_leaves_nothing_visible(store: BlobStore, tmp_path: Path) -> None:
    """Half a file has no name, and is removed when it is old."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "blobs")], check=False)
    assert done.returncode == -signal.SIGKILL
    (lost,) = [path for path in (tmp_path / "blobs").rglob("*") if path.is_file()]
    assert lost.name.startswith(".incoming-")
    store.put(b"other")
    assert lost.exists()
    os.utime(lost, (0, 0))
    name = store.put(b"hello")
    assert not lost.exists()
    assert store.get(name) == b"hello"
