"""Blobs are named by their content and verified on read."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest

from prefect_luthier.blocks.blob_store import BlobStore, copy_blob
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
    copy_blob(store, name, tmp_path / "copy")
    assert (tmp_path / "copy").stat().st_size == 3_000_000


def test_damage_is_noticed(store: BlobStore, tmp_path: Path) -> None:
    """A blob that was changed on disk is refused."""
    name = store.put(b"honest")
    (tmp_path / "blobs" / name[:2] / name).write_bytes(b"forged")
    with pytest.raises(LuthierError, match="checksum"):
        store.get(name)


def test_a_missing_blob_is_named(store: BlobStore) -> None:
    """Reading what was never stored says which content is missing."""
    with pytest.raises(LuthierError, match="no stored content abc"):
        store.get("abc")
