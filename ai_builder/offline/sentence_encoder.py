"""What a sentence means, as a vector: texts that mean alike get vectors that point alike.

This runs the sentence encoder all-MiniLM-L6-v2 (by the authors of sentence-transformers, Apache
License 2.0) with NumPy alone. Its weights lie in `sentence_encoder.npz`, beside this file, and
are read at the first use; `sentence_encoder.md` says how they were made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prefect_luthier.ai_builder.offline.wordpiece import WordPieces

Floats = NDArray[np.float32]
_Weights = Mapping[str, NDArray[np.float32]]

# Changes with the weights or the arithmetic: vectors of different encoders do not compare.
ENCODER = "all-MiniLM-L6-v2-int8.1"
WIDTH = 384
MOST_PIECES = 128
_LAYERS, _HEADS = 6, 12
_HEAD_WIDTH = WIDTH // _HEADS
# Texts computed together: more are not faster and take more memory.
_BATCH = 32
_NORM_EPSILON = np.float32(1e-12)
_HIDDEN = np.float32(-1e9)


def encode(texts: Sequence[str], limit: int = MOST_PIECES) -> Floats:
    """Return one vector of length 1 for each text.

    Args:
        texts: English sentences, or parts of them.
        limit: Pieces of words after which a text is cut, 128 at most.

    Returns:
        (len(texts), 384) float32.
    """
    vocabulary, _, _ = _model()
    found = np.zeros((len(texts), WIDTH), dtype=np.float32)
    split = [vocabulary.split(text, min(limit, MOST_PIECES)) for text in texts]
    by_length = sorted(range(len(texts)), key=lambda place: len(split[place]))
    for start in range(0, len(texts), _BATCH):
        places = by_length[start : start + _BATCH]
        found[places] = _encode_batch([split[place] for place in places])
    return found


@cache
def _model() -> tuple[WordPieces, NDArray[np.int8], _Weights]:
    """Return the vocabulary, its vectors in 8 bits, and the weights of the layers."""
    path = files(__package__).joinpath("sentence_encoder.npz")
    with path.open("rb") as file, np.load(file) as data:
        arrays = dict(data)
    weights = {
        "scale": arrays["piece_scale"],
        "position": arrays["position"].astype(np.float32),
        "norm": arrays["norm"],
    }
    for layer in range(_LAYERS):
        weights |= _layer_weights(arrays, layer)
    pieces = arrays["pieces"].tobytes().decode().split("\n")
    return WordPieces(tuple(pieces)), arrays["piece"], weights


def _layer_weights(arrays: Mapping[str, NDArray[Any]], layer: int) -> dict[str, Floats]:
    """Return the matrices of a layer as floats, those of the attention in one."""
    found: dict[str, Floats] = {}
    for name in ("query", "key", "value", "attended", "wide", "narrow"):
        matrix = arrays[name][layer] * arrays[f"{name}_scale"][layer][:, None]
        found[f"{layer}.{name}"] = np.ascontiguousarray(matrix.T)
        found[f"{layer}.{name}.bias"] = arrays[f"{name}_bias"][layer]
    for part in ("", ".bias"):
        joined = [found.pop(f"{layer}.{name}{part}") for name in ("query", "key", "value")]
        found[f"{layer}.joined{part}"] = np.concatenate(joined, axis=-1)
    for name in ("norm_attended", "norm_narrow"):
        found[f"{layer}.{name}"] = arrays[name][layer]
    return found


def _encode_batch(batch: Sequence[Sequence[int]]) -> Floats:
    """Return the vectors of texts that are given as numbers of pieces."""
    _, words, weights = _model()
    numbers = np.zeros((len(batch), max(map(len, batch))), dtype=np.intp)
    present = np.zeros(numbers.shape, dtype=np.float32)
    for row, text in enumerate(batch):
        numbers[row, : len(text)] = text
        present[row, : len(text)] = 1.0
    states = words[numbers] * weights["scale"][numbers][..., None]
    states = _normalised(states + weights["position"][: numbers.shape[1]], weights, "norm")
    hidden = (1 - present[:, None, None, :]) * _HIDDEN
    for layer in range(_LAYERS):
        states = _attended(states, hidden, weights, f"{layer}")
        inner = _gelu(_linear(states, weights, f"{layer}.wide"))
        states += _linear(inner, weights, f"{layer}.narrow")
        states = _normalised(states, weights, f"{layer}.norm_narrow")
    means = np.einsum("blw,bl->bw", states, present) / present.sum(axis=1)[:, None]
    return np.asarray(means / np.linalg.norm(means, axis=1, keepdims=True), dtype=np.float32)


def _attended(states: Floats, hidden: Floats, weights: _Weights, layer: str) -> Floats:
    """Return the states after each piece has looked at the other pieces of its text.

    Args:
        states: (B, L, 384).
        hidden: (B, 1, 1, L) what is added to the scores of pieces: very low where there is none.
        weights: All weights.
        layer: Number of the layer.
    """
    batch, length, _ = states.shape
    joined = _linear(states, weights, f"{layer}.joined")
    query, key, value = joined.reshape(batch, length, 3, _HEADS, _HEAD_WIDTH).transpose(
        2, 0, 3, 1, 4
    )
    scores = query @ key.swapaxes(-1, -2) * np.float32(_HEAD_WIDTH**-0.5) + hidden
    scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
    scores /= scores.sum(axis=-1, keepdims=True)
    seen = (scores @ value).swapaxes(1, 2).reshape(batch, length, WIDTH)
    return _normalised(
        states + _linear(seen, weights, f"{layer}.attended"), weights, f"{layer}.norm_attended"
    )


def _linear(states: Floats, weights: _Weights, name: str) -> Floats:
    batch, length, width = states.shape
    result = states.reshape(-1, width) @ weights[name]
    result += weights[f"{name}.bias"]
    return result.reshape(batch, length, -1)


def _normalised(states: Floats, weights: _Weights, name: str) -> Floats:
    centred = states - states.mean(axis=-1, keepdims=True)
    variance = np.einsum("blw,blw->bl", centred, centred)[..., None] / np.float32(WIDTH)
    centred /= np.sqrt(variance + _NORM_EPSILON)
    result: Floats = centred * weights[name][0] + weights[name][1]
    return result


def _gelu(values: Floats) -> Floats:
    """Return the activation in its approximation by tanh, which is off by less than 0.001."""
    inner = values * values
    inner *= np.float32(0.044715)
    inner += 1
    inner *= values
    inner *= np.float32((2 / np.pi) ** 0.5)
    np.tanh(inner, out=inner)
    inner += 1
    inner *= values
    inner *= np.float32(0.5)
    return inner
