"""How near two texts are in meaning: a small sentence encoder in plain numpy.

The weights are those of all-MiniLM-L6-v2 (Apache-2.0, six layers of 384), rounded to 8 bits, with a
small correction that draws orders nearer to the descriptions of what carries them out; see
``sentence_encoder.md``. It maps a text to a vector and generates nothing: texts that mean the same
lie close together. It is deterministic and needs no network.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

SIZE = 384
_HEADS, _LAYERS = 12, 6
_MAX_PIECES, _MAX_WORD = 64, 40
_BATCH = 32


class SentenceEncoder:
    """The encoder with its weights.

    Args:
        weights: The arrays of the data file.
        adapter: The corrections of its layers, as products of two thin matrices.
    """

    def __init__(self, weights: Mapping[str, Any], adapter: Mapping[str, Any]) -> None:
        pieces = weights["pieces"].tobytes().decode().split("\n")
        self._ids = {piece: number for number, piece in enumerate(pieces)}
        self._pieces: NDArray[np.int8] = weights["piece"]
        self._piece_scale: Floats = weights["piece_scale"]
        self._position = weights["position"].astype(np.float32)
        self._norm: Floats = weights["norm"]
        self._layers = [_layer(weights, adapter, number) for number in range(_LAYERS)]

    def encode(self, texts: Sequence[str]) -> Floats:
        """Return a unit vector for each text.

        Returns:
            (len(texts), 384) float32.
        """
        numbers = [self.tokenize(text) for text in texts]
        order = sorted(range(len(texts)), key=lambda position: len(numbers[position]))
        vectors = np.zeros((len(texts), SIZE), dtype=np.float32)
        for start in range(0, len(order), _BATCH):
            chosen = order[start : start + _BATCH]
            vectors[chosen] = self._encode_batch([numbers[position] for position in chosen])
        return vectors

    def tokenize(self, text: str) -> list[int]:
        """Return the numbers of a text's word pieces, with the marks of start and end."""
        found = [self._ids["[CLS]"]]
        for word in _words(text):
            found += self._word_pieces(word)
            if len(found) >= _MAX_PIECES - 1:
                break
        return [*found[: _MAX_PIECES - 1], self._ids["[SEP]"]]

    def _word_pieces(self, word: str) -> list[int]:
        """Return the longest known pieces that a word is made of, from its front."""
        unknown = [self._ids["[UNK]"]]
        if len(word) > _MAX_WORD:
            return unknown
        found: list[int] = []
        start = 0
        while start < len(word):
            for end in range(len(word), start, -1):
                piece = word[start:end] if start == 0 else f"##{word[start:end]}"
                number = self._ids.get(piece)
                if number is not None:
                    found.append(number)
                    start = end
                    break
            else:
                return unknown
        return found

    def _encode_batch(self, numbers: list[list[int]]) -> Floats:
        longest = max(map(len, numbers))
        ids = np.zeros((len(numbers), longest), dtype=np.int64)
        present = np.zeros((len(numbers), longest), dtype=np.float32)
        for row, each in enumerate(numbers):
            ids[row, : len(each)] = each
            present[row, : len(each)] = 1.0
        x = self._pieces[ids].astype(np.float32) * self._piece_scale[ids][..., None]
        x = _normalised(x + self._position[:longest], self._norm)
        hidden = np.where(present > 0, 0.0, -1e4).astype(np.float32)[:, None, None, :]
        for layer in self._layers:
            x = _apply(layer, x, hidden)
        mean = (x * present[..., None]).sum(axis=1) / present.sum(axis=1, keepdims=True)
        return np.asarray(mean / np.linalg.norm(mean, axis=1, keepdims=True), dtype=np.float32)


def _words(text: str) -> list[str]:
    """Split a text as the encoder was trained: lower case, no accents, punctuation apart."""
    plain = unicodedata.normalize("NFD", text.lower())
    spaced = []
    for char in plain:
        if unicodedata.category(char) == "Mn":
            continue
        spaced.append(char if char.isalnum() or char.isspace() else f" {char} ")
    return "".join(spaced).split()


def _layer(
    weights: Mapping[str, Any], adapter: Mapping[str, Any], number: int
) -> dict[str, Floats]:
    """Return one layer's matrices as floats, ready to multiply from the right."""
    found: dict[str, Floats] = {}
    for name in ("query", "key", "value", "attended", "wide", "narrow"):
        scale = weights[f"{name}_scale"][number][:, None]
        down = adapter[f"{name}_down"][number].astype(np.float32)
        correction = down @ adapter[f"{name}_up"][number].astype(np.float32)
        matrix = (weights[name][number] * scale).T + correction
        found[name] = np.ascontiguousarray(matrix, dtype=np.float32)
    for name in ("query", "key", "value", "attended", "wide", "narrow"):
        found[f"{name}_bias"] = _corrected(weights, adapter, f"{name}_bias", number)
    for name in ("norm_attended", "norm_narrow"):
        found[name] = _corrected(weights, adapter, name, number)
    return found


def _corrected(
    weights: Mapping[str, Any], adapter: Mapping[str, Any], name: str, number: int
) -> Floats:
    return np.asarray(weights[name][number] + adapter[name][number], dtype=np.float32)


def _apply(layer: Mapping[str, Floats], x: Floats, hidden: Floats) -> Floats:
    """Return the output of one transformer layer for ``x`` of shape (batch, pieces, 384)."""
    batch, length, _ = x.shape
    flat = x.reshape(batch * length, SIZE)  # one product of matrices instead of one a text
    query, key, value = (
        (flat @ layer[name] + layer[f"{name}_bias"])
        .reshape(batch, length, _HEADS, SIZE // _HEADS)
        .transpose(0, 2, 1, 3)
        for name in ("query", "key", "value")
    )
    scores = query @ key.transpose(0, 1, 3, 2) / np.float32((SIZE // _HEADS) ** 0.5) + hidden
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    scores /= scores.sum(axis=-1, keepdims=True)
    mixed = (scores @ value).transpose(0, 2, 1, 3).reshape(batch * length, SIZE)
    flat = _normalised(
        flat + mixed @ layer["attended"] + layer["attended_bias"], layer["norm_attended"]
    )
    wide = _activated(flat @ layer["wide"] + layer["wide_bias"])
    flat = _normalised(flat + wide @ layer["narrow"] + layer["narrow_bias"], layer["norm_narrow"])
    return flat.reshape(batch, length, SIZE)


def _activated(x: Floats) -> Floats:
    """Return the Gaussian error linear unit by its logistic form, in few passes over memory."""
    gate = x * np.float32(-1.702)
    np.exp(gate, out=gate)
    gate += 1.0
    return np.asarray(np.divide(x, gate, out=gate), dtype=np.float32)


def _normalised(x: Floats, norm: Floats) -> Floats:
    centred = x - x.mean(axis=-1, keepdims=True)
    deviation = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + 1e-12)
    return np.asarray(centred / deviation * norm[0] + norm[1], dtype=np.float32)


@cache
def sentence_encoder() -> SentenceEncoder:
    """Return the encoder that ships with the drafter; its weights are read once."""
    return SentenceEncoder(read_arrays("sentence_encoder.npz"), read_arrays("sentence_adapter.npz"))


def read_arrays(name: str) -> dict[str, Any]:
    """Return the arrays of a data file that ships beside this module."""
    with files(__package__).joinpath(name).open("rb") as file, np.load(file) as arrays:
        return dict(arrays)
