"""Keep the vectors of texts on disk, so that a catalog is encoded once and not at each start."""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from prefect_luthier.ai_builder.offline.sentence_encoder import ENCODER, WIDTH, Floats, encode

# Catalogs whose vectors are kept; the one that was not used for longest goes first.
_MOST_FILES = 8
_KEY_BYTES = 16


def encode_once(texts: Sequence[str], limit: int, folder: Path) -> Floats:
    """Return the vectors of texts, computing only those that the folder does not have.

    A folder that cannot be read or written, or a broken file in it, costs time and nothing else.

    Args:
        texts: Texts, of a catalog for instance.
        limit: Pieces of words after which a text is cut.
        folder: Where vectors are kept; it is made when needed.

    Returns:
        (len(texts), 384) float32, unit vectors.
    """
    if not texts:
        return np.zeros((0, WIDTH), dtype=np.float32)
    keys = [_key(text, limit) for text in texts]
    path = folder / f"{hashlib.sha256(b''.join(keys)).hexdigest()[:32]}.npz"
    known = _read(path)
    if all(key in known for key in keys):
        _touch(path)
    else:
        for other in _newest_first(folder):
            known = {**_read(other), **known}
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in known}
        known.update(zip(missing, encode(list(missing.values()), limit), strict=True))
        _write(path, keys, np.stack([known[key] for key in keys]))
    return np.stack([known[key] for key in keys])


def _key(text: str, limit: int) -> bytes:
    named = f"{ENCODER}\n{limit}\n{text}".encode("utf-8", "surrogatepass")
    return hashlib.sha256(named).digest()[:_KEY_BYTES]


def _read(path: Path) -> dict[bytes, Floats]:
    """Return the vectors in a file by the keys of their texts; none of a missing or broken file."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as data:
            keys, vectors = data["keys"], data["vectors"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return {}
    whole = (
        keys.dtype == np.uint8
        and vectors.ndim == 2  # noqa: PLR2004 - rows and columns
        and keys.shape == (len(vectors), _KEY_BYTES)
        and vectors.dtype == np.float32
        and vectors.shape[1:] == (WIDTH,)
        and np.isfinite(vectors).all()
    )
    return dict(zip(map(bytes, keys), vectors, strict=True)) if whole else {}


def _write(path: Path, keys: Sequence[bytes], vectors: Floats) -> None:
    """Write a file in one go: a reader sees all of it or nothing."""
    rows = np.frombuffer(b"".join(keys), dtype=np.uint8).reshape(-1, _KEY_BYTES)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            part = Path(file.name)
            try:
                np.savez(file, keys=rows, vectors=vectors)
                file.close()
                part.replace(path)
            finally:
                part.unlink(missing_ok=True)
        for old in _newest_first(path.parent)[_MOST_FILES:]:
            old.unlink(missing_ok=True)
    except OSError:
        return


def _newest_first(folder: Path) -> list[Path]:
    try:
        return sorted(folder.glob("*.npz"), key=lambda path: path.stat().st_mtime, reverse=True)
    except OSError:
        return []


def _touch(path: Path) -> None:
    try:
        os.utime(path)
    except OSError:
        return
