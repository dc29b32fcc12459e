"""How near two words are in meaning, from a table of 30,000 English words.

The table was made once, by running the sentence encoder all-MiniLM-L6-v2 (Apache-2.0) over single
words, reducing its vectors to 96 dimensions by principal components and rounding them to 8 bits.
Looking a word up needs no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

# Cosines below the first are chance; at the second, words stand for one another.
_UNRELATED, _SAME = 0.30, 0.80


@cache
def _table() -> tuple[dict[str, int], NDArray[np.int8]]:
    with files(__package__).joinpath("word_vectors.npz").open("rb") as file, np.load(file) as data:
        words = data["words"].tobytes().decode().split("\n")
        return {word: row for row, word in enumerate(words)}, data["vectors"]


def vectors(words: Sequence[str]) -> NDArray[np.float32]:
    """Return one unit vector for each word, a zero vector for words not in the table.

    Returns:
        (len(words), 96) float32.
    """
    rows, table = _table()
    found = np.zeros((len(words), table.shape[1]), dtype=np.float32)
    for position, word in enumerate(words):
        row = rows.get(word)
        if row is not None:
            found[position] = table[row]
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    np.divide(found, lengths, out=found, where=lengths > 0)
    return found


def is_word(word: str) -> bool:
    """Return whether the table has a word: a misspelt one is not in it."""
    return word in _table()[0]


@cache
def known_words() -> tuple[str, ...]:
    """Return all words of the table."""
    return tuple(_table()[0])


def nearness(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how near the words of two tables of vectors are, from 0 to 1.

    Args:
        first: (N, 96) unit vectors.
        second: (M, 96) unit vectors.

    Returns:
        (N, M) float32.
    """
    cosine = first @ second.T
    near = np.clip((cosine - _UNRELATED) / (_SAME - _UNRELATED), 0.0, 1.0)
    return np.asarray(near, dtype=np.float32)
