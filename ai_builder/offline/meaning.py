"""How near catalog entries are to what a clause means, whatever its words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from prefect_luthier.ai_builder.offline.kept_vectors import encode_once
from prefect_luthier.ai_builder.offline.sentence_encoder import Floats, encode
from prefect_luthier.catalog import CatalogEntry

# Makes a sentence of a clause, which the encoder was trained on.
_OPENING = "how to "
# A cosine at which a clause and an entry say the same, for short texts like these.
_SAME = 0.7
# The beginning of a description says what an entry does; the rest takes time to encode.
_MOST_ENTRY_PIECES = 40


class Meanings:
    """The meanings of catalog entries, computed at the first question.

    Args:
        entries: The entries, in the order of the answers.
        folder: Where the computed vectors are kept between starts.
    """

    def __init__(self, entries: Sequence[CatalogEntry], folder: Path) -> None:
        self._entries = entries
        self._folder = folder

    @cached_property
    def _vectors(self) -> Floats:
        texts = [entry_text(entry) for entry in self._entries]
        return encode_once(texts, _MOST_ENTRY_PIECES, self._folder)

    def nearness(self, clause: str) -> Floats:
        """Return how near each entry is to a clause, from 0 to 1.

        Args:
            clause: The words of a clause, without what stands for values in it.

        Returns:
            (entries,) float32.
        """
        text = " ".join(clause.split())
        if not text or not self._entries:
            return np.zeros(len(self._entries), dtype=np.float32)
        cosines = self._vectors @ _clause_vector(text)
        return np.asarray(np.clip(cosines / _SAME, 0.0, 1.0), dtype=np.float32)


def entry_text(entry: CatalogEntry) -> str:
    """Return an entry's slug in words, and its description."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", entry.slug)
    words = " ".join(re.findall(r"[^\W_]+", apart))
    return f"{words}: {entry.description}" if entry.description else words


@lru_cache(maxsize=2048)
def _clause_vector(text: str) -> Floats:
    vector: Floats = encode([_OPENING + text])[0]
    return vector
