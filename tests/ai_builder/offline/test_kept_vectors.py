"""Keeping vectors on disk."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from prefect_luthier.ai_builder.offline import kept_vectors
from prefect_luthier.ai_builder.offline.kept_vectors import encode_once
from prefect_luthier.ai_builder.offline.sentence_encoder import WIDTH, Floats, encode

TEXTS = ["plant a tree", "pour concrete", "plant a tree"]


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the texts that are really encoded."""
    seen: list[str] = []

    def recording(texts: Sequence[str], limit: int) -> Floats:
        seen.extend(texts)
        return encode(texts, limit)

    monkeypatch.setattr(kept_vectors, "encode", recording)
    return seen


def test_a_second_start_encodes_nothing(tmp_path: Path, encoded: list[str]) -> None:
    """Texts are encoded once, each text one time, and are the same when read again."""
    first = encode_once(TEXTS, 40, tmp_path / "new" / "folder")
    assert encoded == ["plant a tree", "pour concrete"]
    again = encode_once(TEXTS, 40, tmp_path / "new" / "folder")
    assert encoded == ["plant a tree", "pour concrete"]
    assert np.array_equal(first, again)
    assert first == pytest.approx(encode(TEXTS), abs=1e-5)


def test_a_changed_catalog_costs_only_what_changed(tmp_path: Path, encoded: list[str]) -> None:
    """One more text is one more to encode, and the order of the answers is that of the texts."""
    encode_once(TEXTS, 40, tmp_path)
    vectors = encode_once(["feed the fish", *TEXTS], 40, tmp_path)
    assert encoded[2:] == ["feed the fish"]
    assert vectors == pytest.approx(encode(["feed the fish", *TEXTS]), abs=1e-5)


def test_another_limit_has_other_vectors(tmp_path: Path, encoded: list[str]) -> None:
    """Vectors of texts that were cut elsewhere are not taken for these."""
    encode_once(TEXTS, 40, tmp_path)
    vectors = encode_once(TEXTS, 4, tmp_path)
    assert len(encoded) == 4
    assert vectors == pytest.approx(encode(TEXTS, 4), abs=1e-5)


def _truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-200])


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def _not_finite(path: Path) -> None:
    with np.load(path) as data:
        keys, vectors = data["keys"], data["vectors"]
    np.savez(path, keys=keys, vectors=vectors * np.float32(np.nan))


def _other_shape(path: Path) -> None:
    with np.load(path) as data:
        keys, vectors = data["keys"], data["vectors"]
    np.savez(path, keys=keys, vectors=vectors[:, :100])


def _pickled(path: Path) -> None:
    np.savez(path, keys=np.array([{}], dtype=object), vectors=np.array([{}], dtype=object))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"no archive"),
        lambda path: np.savez(path, other=np.zeros(3)),
        lambda path: np.savez(path, keys=np.uint8(1), vectors=np.float32(1)),
        _truncate,
        _flip,
        _not_finite,
        _other_shape,
        _pickled,
    ],
    ids=[
        "empty", "garbage", "other arrays", "scalars", "cut short", "a flipped byte",
        "not a number", "other width", "pickled objects",
    ],
)  # fmt: skip
def test_a_broken_file_is_replaced(tmp_path: Path, encoded: list[str], spoil: object) -> None:
    """A file that cannot be trusted is not used: its vectors are computed again and kept."""
    right = encode_once(TEXTS, 40, tmp_path)
    (path,) = tmp_path.iterdir()
    spoil(path)  # type: ignore[operator]
    assert encode_once(TEXTS, 40, tmp_path) == pytest.approx(right, abs=1e-5)
    assert len(encoded) == 4
    encode_once(TEXTS, 40, tmp_path)
    assert len(encoded) == 4


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """Where nothing can be kept, the vectors are right all the same."""
    (tmp_path / "file").write_text("in the way")
    vectors = encode_once(TEXTS, 40, tmp_path / "file" / "folder")
    assert vectors.shape == (3, WIDTH)
    assert (tmp_path / "file").read_text() == "in the way"


def test_the_folder_does_not_grow_without_end(tmp_path: Path) -> None:
    """The catalogs used last are kept, and no half-written file stays behind."""
    for number in range(12):
        encode_once([f"catalog {number}"], 40, tmp_path)
        for path in tmp_path.iterdir():  # as if each was used a minute after the one before
            os.utime(path, (path.stat().st_atime, path.stat().st_mtime - 60))
    kept = list(tmp_path.iterdir())
    assert len(kept) == 8
    assert all(path.suffix == ".npz" for path in kept)


def test_no_texts(tmp_path: Path) -> None:
    """An empty catalog has no vectors and leaves no file."""
    assert encode_once([], 40, tmp_path / "cache").shape == (0, WIDTH)
    assert not (tmp_path / "cache").exists()
