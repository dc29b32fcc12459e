"""A quick guess at the score of designs, learned from the attempts so far."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import TILED_PATTERNS, RosetteSpec
from prefect_luthier.rmos.feasibility.spec_batch import Floats
from prefect_luthier.rmos.geometry.radii import ring_places
from prefect_luthier.rmos.search.plausible import cheap_margins

_RIDGE = 0.3
_SOFT = 0.5  # margins count as 1 / (soft + margin): much near a limit, little far from it


def features(specs: Sequence[RosetteSpec], context: Context) -> Floats:
    """Return what a score may depend on: cheap margins and amounts of work, ``(N, F)``."""
    margins = np.clip(cheap_margins(specs, context), 0.0, None)
    return np.concatenate([1.0 / (_SOFT + margins), [_work(spec) for spec in specs]], axis=1)


def _work(spec: RosetteSpec) -> list[float]:
    """Return amounts that work grows with: passes, lengths, areas, tiles."""
    area = length = tiles = tapered = 0.0
    for place, ring in zip(ring_places(spec), spec.rings, strict=True):
        turn_mm = 2 * np.pi * place.middle_mm
        area += turn_mm * ring.width_mm / 1000
        length += turn_mm / 1000
        if ring.pattern in TILED_PATTERNS and ring.tile_length_mm:
            count = turn_mm / ring.tile_length_mm / 100
            tiles += count
            tapered += count * ring.tile_tapered
    passes = spec.channel_depth_mm / spec.depth_per_pass_mm
    return [
        spec.depth_per_pass_mm,
        1 / spec.depth_per_pass_mm,
        passes * area,
        area,
        length,
        tiles,
        tapered,
        area * spec.inlay_thickness_mm,
        float(len({ring.pattern for ring in spec.rings})),
        spec.glue_gap_mm * 10,
        abs(spec.glue_gap_mm - 0.05) * 10,
    ]


class Surrogate:
    """A ridge regression of the score on features of known designs."""

    def __init__(self, specs: Sequence[RosetteSpec], scores: Floats, context: Context) -> None:
        self._context = context
        known = features(specs, context)
        self._middle = known.mean(axis=0)
        self._spread = np.maximum(known.std(axis=0), 1e-6)
        self._offset = float(scores.mean())
        inputs = (known - self._middle) / self._spread
        gram = inputs.T @ inputs + _RIDGE * np.eye(inputs.shape[1])
        self._slopes = np.linalg.solve(gram, inputs.T @ (scores - self._offset))

    def guess(self, specs: Sequence[RosetteSpec]) -> Floats:
        """Return guessed scores, ``(N,)``."""
        inputs = (features(specs, self._context) - self._middle) / self._spread
        # Far from everything known a straight line knows nothing: do not follow it there.
        return np.asarray(self._offset + np.clip(inputs, -3, 3) @ self._slopes)
