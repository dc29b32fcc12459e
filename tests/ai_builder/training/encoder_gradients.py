"""The sentence encoder forwards and backwards, in NumPy, with a low-rank correction to fit.

The encoder's own matrices stay as they are. What is fitted is what ``sentence_adapter.npz`` holds:
for each matrix a product of two thin ones, and a shift of each bias and norm.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prefect_luthier.ai_builder.offline.sentence_vectors import SIZE, SentenceEncoder, read_arrays

Floats = NDArray[np.float32]
Arrays = dict[str, Floats]

MATRICES = ("query", "key", "value", "attended", "wide", "narrow")
NORMS = ("norm_attended", "norm_narrow")
LAYERS, HEADS, RANK = 6, 12, 16
_HEAD = SIZE // HEADS
_GATE = np.float32(1.702)  # of the logistic form of the Gaussian error linear unit


def fresh_adapter(rng: np.random.Generator) -> Arrays:
    """Return a correction that corrects nothing yet.

    Args:
        rng: Where the thin matrices start.
    """
    weights = read_arrays("sentence_encoder.npz")
    adapter: Arrays = {}
    for name in MATRICES:
        _, out, inner = weights[name].shape
        down = rng.standard_normal((LAYERS, inner, RANK)) / inner**0.5
        adapter[f"{name}_down"] = down.astype(np.float32)
        adapter[f"{name}_up"] = np.zeros((LAYERS, RANK, out), np.float32)
        adapter[f"{name}_bias"] = np.zeros((LAYERS, out), np.float32)
    for name in NORMS:
        adapter[name] = np.zeros((LAYERS, 2, SIZE), np.float32)
    return adapter


class TrainableEncoder:
    """The encoder with a correction whose gradient can be asked for.

    Args:
        adapter: The correction; changed in place by whoever fits it.
    """

    def __init__(self, adapter: Arrays) -> None:
        self.adapter = adapter
        self._weights = read_arrays("sentence_encoder.npz")
        self._tokenizer = SentenceEncoder(self._weights, adapter)
        self._matrices = {
            (name, layer): np.ascontiguousarray(
                (self._weights[name][layer] * self._weights[f"{name}_scale"][layer][:, None]).T,
                dtype=np.float32,
            )
            for name in MATRICES
            for layer in range(LAYERS)
        }

    def encode(self, texts: Sequence[str]) -> tuple[Floats, list[Any]]:
        """Return unit vectors, (texts, 384), and what the way back needs."""
        numbers = [self._tokenizer.tokenize(text) for text in texts]
        longest = max(map(len, numbers))
        ids = np.zeros((len(texts), longest), np.int64)
        present = np.zeros((len(texts), longest), np.float32)
        for row, each in enumerate(numbers):
            ids[row, : len(each)], present[row, : len(each)] = each, 1.0
        weights = self._weights
        x = weights["piece"][ids].astype(np.float32) * weights["piece_scale"][ids][..., None]
        x, _ = _norm(x + weights["position"][:longest].astype(np.float32), weights["norm"])
        flat = np.ascontiguousarray(x.reshape(-1, SIZE))
        kept: list[Any] = [present]
        for layer in range(LAYERS):
            flat, back = self._layer(layer, flat, present)
            kept.append(back)
        share = (present / present.sum(axis=1, keepdims=True))[..., None]
        mean = (flat.reshape(*present.shape, SIZE) * share).sum(axis=1)
        length = np.linalg.norm(mean, axis=1, keepdims=True)
        kept.append((share, length, mean / length))
        return mean / length, kept

    def gradient(self, kept: list[Any], wanted: Floats) -> Arrays:
        """Return the gradient of the correction.

        Args:
            kept: What ``encode`` returned besides the vectors.
            wanted: The gradient of the loss with respect to the vectors, (texts, 384).
        """
        found = {name: np.zeros_like(value) for name, value in self.adapter.items()}
        share, length, unit = kept[-1]
        d_mean = (wanted - unit * (wanted * unit).sum(axis=1, keepdims=True)) / length
        d_flat = (d_mean[:, None, :] * share).astype(np.float32).reshape(-1, SIZE)
        for layer in reversed(range(LAYERS)):
            d_flat = self._layer_back(layer, kept[1 + layer], d_flat, found)
        return found

    def _matrix(self, name: str, layer: int) -> Floats:
        down, up = self.adapter[f"{name}_down"][layer], self.adapter[f"{name}_up"][layer]
        return np.asarray(self._matrices[name, layer] + down @ up)

    def _through(self, name: str, layer: int, x: Floats) -> tuple[Floats, Floats]:
        matrix = self._matrix(name, layer)
        bias = self._weights[f"{name}_bias"][layer] + self.adapter[f"{name}_bias"][layer]
        return x @ matrix + bias, matrix

    def _through_back(  # noqa: PLR0917 - each is a different thing
        self, name: str, layer: int, x: Floats, matrix: Floats, d: Floats, found: Arrays
    ) -> Floats:
        down, up = self.adapter[f"{name}_down"][layer], self.adapter[f"{name}_up"][layer]
        found[f"{name}_up"][layer] += (x @ down).T @ d
        found[f"{name}_down"][layer] += x.T @ (d @ up.T)
        found[f"{name}_bias"][layer] += d.sum(axis=0)
        return np.asarray(d @ matrix.T)

    def _layer(self, layer: int, x: Floats, present: Floats) -> tuple[Floats, Any]:
        batch, length = present.shape
        through = {name: self._through(name, layer, x) for name in ("query", "key", "value")}
        query, key, value = (
            each.reshape(batch, length, HEADS, _HEAD).transpose(0, 2, 1, 3)
            for each, _ in through.values()
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32(_HEAD**0.5)
        scores += np.where(present > 0, 0.0, -1e4).astype(np.float32)[:, None, None, :]
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        scores /= scores.sum(axis=-1, keepdims=True)
        mixed = (scores @ value).transpose(0, 2, 1, 3).reshape(-1, SIZE)
        attended, attended_matrix = self._through("attended", layer, mixed)
        middle, middle_kept = _norm(x + attended, self._norms("norm_attended", layer))
        wide, wide_matrix = self._through("wide", layer, middle)
        gate = 1 / (1 + np.exp(-_GATE * wide))
        narrow, narrow_matrix = self._through("narrow", layer, wide * gate)
        after, after_kept = _norm(middle + narrow, self._norms("norm_narrow", layer))
        matrices = {name: matrix for name, (_, matrix) in through.items()}
        matrices |= {"attended": attended_matrix, "wide": wide_matrix, "narrow": narrow_matrix}
        heads = (query, key, value, scores)
        return after, (x, heads, mixed, middle, middle_kept, wide, gate, after_kept, matrices)

    def _layer_back(self, layer: int, kept: Any, d: Floats, found: Arrays) -> Floats:
        x, heads, mixed, middle, middle_kept, wide, gate, after_kept, matrices = kept

        def back(name: str, before: Floats, d_after: Floats) -> Floats:
            return self._through_back(name, layer, before, matrices[name], d_after, found)

        d_sum = _norm_back(d, after_kept, found["norm_narrow"][layer])
        d_gated = back("narrow", wide * gate, d_sum)
        d_wide = d_gated * (gate + _GATE * wide * gate * (1 - gate))
        d_middle = d_sum + back("wide", middle, d_wide)
        d_sum = _norm_back(d_middle, middle_kept, found["norm_attended"][layer])
        d_mixed = back("attended", mixed, d_sum)
        d_x = d_sum
        for name, d_head in zip(
            ("query", "key", "value"), _attention_back(heads, d_mixed), strict=True
        ):
            d_x = d_x + back(name, x, d_head)
        return np.asarray(d_x, dtype=np.float32)

    def _norms(self, name: str, layer: int) -> Floats:
        return np.asarray(self._weights[name][layer] + self.adapter[name][layer], np.float32)


def _attention_back(heads: tuple[Floats, ...], d_mixed: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the gradients of query, key and value, each (batch * pieces, 384)."""
    query, key, value, scores = heads
    batch, _, length, _ = query.shape
    d = d_mixed.reshape(batch, length, HEADS, _HEAD).transpose(0, 2, 1, 3)
    d_scores = d @ value.transpose(0, 1, 3, 2)
    d_scores = scores * (d_scores - (d_scores * scores).sum(axis=-1, keepdims=True))
    d_scores /= np.float32(_HEAD**0.5)
    found = (
        d_scores @ key,
        d_scores.transpose(0, 1, 3, 2) @ query,
        scores.transpose(0, 1, 3, 2) @ d,
    )
    query_d, key_d, value_d = (
        np.ascontiguousarray(each.transpose(0, 2, 1, 3)).reshape(-1, SIZE) for each in found
    )
    return query_d, key_d, value_d


def _norm(x: Floats, norm: Floats) -> tuple[Floats, Any]:
    centred = x - x.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + 1e-12)
    unit = (centred / spread).astype(np.float32)
    return np.asarray(unit * norm[0] + norm[1], np.float32), (unit, spread, norm[0])


def _norm_back(d: Floats, kept: Any, found: Floats) -> Floats:
    unit, spread, factor = kept
    found[0] += (d * unit).sum(axis=0)
    found[1] += d.sum(axis=0)
    d_unit = d * factor
    inner = d_unit - d_unit.mean(axis=-1, keepdims=True)
    inner -= unit * (d_unit * unit).mean(axis=-1, keepdims=True)
    return np.asarray(inner / spread, np.float32)
