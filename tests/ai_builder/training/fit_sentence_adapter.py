"""Fit the correction of the sentence encoder, `sentence_adapter.npz`.

    python tests/ai_builder/training/fit_sentence_adapter.py OUTPUT.npz [--steps 120 220]

An order must lie nearer to the entry that carries it out than to the other entries of its catalog,
and an order that no entry carries out must lie near to none: each order chooses among entries and
«none of them», and for some orders the right entry is left out. With several numbers of steps the
result is the mean of as many fits. A fit takes some minutes on one core.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from encoder_gradients import Arrays, Floats, TrainableEncoder, fresh_adapter
from numpy.typing import NDArray
from order_pairs import Lesson, Order, corpus_lessons, written_lessons

from prefect_luthier.ai_builder.offline.catalog_vectors import entry_text
from prefect_luthier.ai_builder.offline.words import restated
from prefect_luthier.catalog import CatalogEntry

_ORDERS, _ENTRIES, _NEAREST = 48, 88, 4
_SHARPNESS = 20.0
_LEFT_OUT = 0.25
_RATE, _WARM_UP, _DECAY = 6e-4, 10, 1e-2
_DESCRIPTION_ONLY = 0.15

Positions = NDArray[np.int64]


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--steps", type=int, nargs="+", default=[120, 220])
    options = parser.parse_args()
    lessons = [*written_lessons(), *corpus_lessons()]
    adapter = mean_of([fit(lessons, steps, np.random.default_rng(0)) for steps in options.steps])
    halves: dict[str, Any] = {name: value.astype(np.float16) for name, value in adapter.items()}
    np.savez_compressed(options.output, **halves)


def fit(lessons: Sequence[Lesson], steps: int, rng: np.random.Generator) -> Arrays:
    """Return the correction that the lessons teach: the mean of its states of late.

    Args:
        lessons: Catalogs with their orders.
        steps: How many batches to learn from.
        rng: What draws the batches.
    """
    adapter = fresh_adapter(rng)
    encoder = TrainableEncoder(adapter)
    nearest = [_nearest(lesson, encoder) for lesson in lessons]
    parts = np.array([len(lesson.orders) for lesson in lessons]) ** 0.7
    ascent = _Descent(adapter)
    none, mean = 0.45, {name: value.copy() for name, value in adapter.items()}
    for step in range(steps):
        chosen = int(rng.choice(len(lessons), p=parts / parts.sum()))
        loss, found, none_gradient = _step(encoder, lessons[chosen], nearest[chosen], none, rng)
        rate = _RATE * min(1.0, (step + 1) / _WARM_UP) * (0.5 + 0.5 * np.cos(np.pi * step / steps))
        ascent.go(found, rate)
        none -= 0.02 * rate / _RATE * none_gradient
        keep = min(0.97, step / (step + 10))
        for name, value in adapter.items():
            mean[name] = keep * mean[name] + (1 - keep) * value
        sys.stdout.write(f"{step} {lessons[chosen].name} loss {loss:.3f} none {none:.3f}\n")
        sys.stdout.flush()
    return mean


def mean_of(fits: Sequence[Arrays]) -> Arrays:
    """Return the correction that is the mean of several: their thin matrices side by side.

    Args:
        fits: The corrections.
    """
    found: Arrays = {}
    for name in fits[0]:
        values = [each[name] for each in fits]
        if name.endswith("_down"):
            found[name] = np.concatenate(values, axis=2)
        elif name.endswith("_up"):
            found[name] = np.concatenate(values, axis=1) / np.float32(len(fits))
        else:
            found[name] = np.mean(values, axis=0, dtype=np.float32)
    return found


def _nearest(lesson: Lesson, encoder: TrainableEncoder) -> Positions:
    """Return for each entry the positions of those that are easily taken for it."""
    texts = [entry_text(entry) for entry in lesson.entries]
    vectors = np.concatenate(
        [encoder.encode(texts[at : at + 64])[0] for at in range(0, len(texts), 64)]
    )
    return np.argsort(-(vectors @ vectors.T), axis=1)[:, 1 : _NEAREST * 3 + 1]


def _step(
    encoder: TrainableEncoder,
    lesson: Lesson,
    nearest: Positions,
    none: float,
    rng: np.random.Generator,
) -> tuple[float, Arrays, float]:
    """Return the loss of one batch, the gradient of the correction and that of the threshold."""
    count = min(_ORDERS, len(lesson.orders))
    orders = [lesson.orders[i] for i in rng.choice(len(lesson.orders), count, replace=False)]
    entries = _offered(orders, nearest, len(lesson.entries), rng)
    column = {entry: at for at, entry in enumerate(entries)}
    texts = [f"how to {' '.join(restated(order.text).split())}" for order in orders]
    vectors, kept = encoder.encode([*texts, *(_said(lesson.entries[e], rng) for e in entries)])
    asked, offered = vectors[:count], vectors[count:]
    logits = np.concatenate([asked @ offered.T, np.full((count, 1), none, np.float32)], axis=1)
    logits *= _SHARPNESS
    right = np.array([len(entries) if o.entry is None else column[o.entry] for o in orders])
    for row in np.flatnonzero(rng.random(count) < _LEFT_OUT):
        if right[row] < len(entries):
            logits[row, right[row]] = -np.inf
            right[row] = len(entries)
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    rows = np.arange(count)
    loss = float(-np.log(shares[rows, right] + 1e-9).mean())
    shares[rows, right] -= 1.0
    d: Floats = (shares * _SHARPNESS / count).astype(np.float32)
    wanted = np.concatenate([d[:, :-1] @ offered, d[:, :-1].T @ asked])
    return loss, encoder.gradient(kept, wanted), float(d[:, -1].sum())


def _offered(
    orders: Sequence[Order], nearest: Positions, count: int, rng: np.random.Generator
) -> list[int]:
    """Return the entries of a batch: the right ones, some like them, and others."""
    right = [order.entry for order in orders if order.entry is not None]
    found = dict.fromkeys(right)
    for entry in right:
        found.update(dict.fromkeys(rng.permutation(nearest[entry])[:_NEAREST].tolist()))
        if len(found) >= _ENTRIES:
            break
    others = [entry for entry in rng.permutation(count).tolist() if entry not in found]
    return [*found, *others[: max(0, _ENTRIES - len(found))]]


def _said(entry: CatalogEntry, rng: np.random.Generator) -> str:
    """Return the text of an entry; sometimes without its slug, which may say little."""
    return entry.description if rng.random() < _DESCRIPTION_ONLY else entry_text(entry)


class _Descent:
    """Adam, with decay of the weights.

    Args:
        adapter: What is changed in place.
    """

    def __init__(self, adapter: Arrays) -> None:
        self._adapter = adapter
        self._first = {name: np.zeros_like(value) for name, value in adapter.items()}
        self._second = {name: np.zeros_like(value) for name, value in adapter.items()}
        self._count = 0

    def go(self, found: Arrays, rate: float) -> None:
        """Take one step against the gradient."""
        self._count += 1
        for name, gradient in found.items():
            first, second = self._first[name], self._second[name]
            first += 0.1 * (gradient - first)
            second += 0.01 * (gradient * gradient - second)
            size = np.sqrt(second / (1 - 0.99**self._count)) + 1e-8
            self._adapter[name] *= 1 - rate * _DECAY
            self._adapter[name] -= rate * first / (1 - 0.9**self._count) / size


if __name__ == "__main__":
    main()
