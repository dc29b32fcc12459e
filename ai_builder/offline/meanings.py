"""The vectors of what a request says, each encoded once and many at a time."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterable

import numpy as np

from prefect_luthier.ai_builder.offline.sentence_vectors import Floats, sentence_encoder
from prefect_luthier.ai_builder.offline.words import restated

_KEPT = 4096
_meanings: OrderedDict[str, Floats] = OrderedDict()
_learning = threading.Lock()


def meaning(text: str) -> Floats:
    """Return the unit vector of a clause, (384,) float32.

    Args:
        text: Its words, without literals.
    """
    asked = _asked(text)
    with _learning:
        found = _meanings.get(asked)
    if found is None:
        learn([text])
        with _learning:
            found = _meanings[asked]
    return found


def learn(texts: Iterable[str]) -> None:
    """Encode the texts that are not known yet in one batch, which is faster than one by one.

    Args:
        texts: Words of clauses, without literals.
    """
    asked = dict.fromkeys(map(_asked, texts))
    with _learning:
        new = [each for each in asked if each not in _meanings]
    if not new:
        return
    vectors = sentence_encoder().encode(new)
    with _learning:
        for each, vector in zip(new, vectors, strict=True):
            _meanings[each] = np.ascontiguousarray(vector)
        while len(_meanings) > max(_KEPT, len(new)):
            _meanings.popitem(last=False)


def _asked(text: str) -> str:
    """Return a clause as it is encoded: asked as `how to`, orders lie nearer to descriptions."""
    return f"how to {' '.join(restated(text).split())}"
