"""The sentence vectors of a catalog's entries, kept on disk because they take seconds to make."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from prefect_luthier.ai_builder.offline.sentence_vectors import SIZE, Floats, sentence_encoder
from prefect_luthier.canonical import digest
from prefect_luthier.catalog import CatalogEntry

# Changes when the same texts would give other vectors.
_ENCODER_VERSION = 5


def entry_text(entry: CatalogEntry) -> str:
    """Return what is encoded of an entry: the words of its slug, and its description."""
    slug = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", entry.slug)
    return f"{re.sub(r'[^A-Za-z0-9]+', ' ', slug).strip()}: {entry.description}"


def entry_vectors(entries: Sequence[CatalogEntry], cache_dir: Path | None = None) -> Floats:
    """Return a unit vector for each entry.

    Args:
        entries: The entries.
        cache_dir: Where vectors are kept between processes; None keeps none.

    Returns:
        (len(entries), 384) float32.
    """
    texts = [entry_text(entry) for entry in entries]
    if not texts:
        return np.zeros((0, SIZE), dtype=np.float32)
    if cache_dir is None:
        return sentence_encoder().encode(texts)
    name = digest([_ENCODER_VERSION, texts]).removeprefix("sha256:")[:32]
    path = cache_dir / f"{name}.npy"
    kept = _read(path, len(texts))
    if kept is None:
        kept = sentence_encoder().encode(texts)
        _keep(path, kept)
    return kept


def _read(path: Path, count: int) -> Floats | None:
    try:
        vectors = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    return vectors if vectors.shape == (count, SIZE) and vectors.dtype == np.float32 else None


def _keep(path: Path, vectors: Floats) -> None:
    """Write the vectors under a temporary name first; a cache that cannot be written is none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".npy")
        with os.fdopen(handle, "wb") as file:
            np.save(file, vectors)
        Path(temporary).replace(path)
    except OSError:
        return
