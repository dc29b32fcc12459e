"""The generator that needs no model: it sketches what can be made, and improves the best of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.search.attempts import Memory, Proposal
from prefect_luthier.rmos.search.idea import idea_of
from prefect_luthier.rmos.search.plausible import first_plausible
from prefect_luthier.rmos.search.problem import SearchProblem
from prefect_luthier.rmos.search.sketch import sketch
from prefect_luthier.rmos.search.steps import step

_SKETCHED = 8  # attempts before the first improvement
_SKETCH_SHARE = 0.1  # of the later ones, so that no corner stays unseen
_SKETCHES = 24  # drawn for each one that is proposed
_STEPS = 6
_BATCH_SHARE = 8  # a batch is at most an eighth of what is known
_LARGEST_BATCH = 64
_LARGEST_LEG = 512
_FIRST_LEG = 32


@dataclass(frozen=True)
class NumericGenerator:
    """Sketches designs inside what single constraints allow, then improves the best ones."""

    name: str = "numeric"

    def batch_size(self, made: int) -> int:
        """Return a size that grows with what is known: few at first, so that feedback counts."""
        return max(4, min(_LARGEST_BATCH, made // _BATCH_SHARE))

    def leg_size(self, made: int) -> int:
        """Return a size that doubles what was made, up to half a second's work."""
        return max(_FIRST_LEG, min(_LARGEST_LEG, made))

    def propose(
        self,
        problem: SearchProblem,
        memory: Memory,
        count: int,
        remaining_s: float,  # noqa: ARG002 - it waits for nobody
    ) -> Sequence[Proposal]:
        """Return designs; each follows from the seed, its number and what is known."""
        return [Proposal(self._design(problem, memory, index)) for index in range(count)]

    def _design(self, problem: SearchProblem, memory: Memory, index: int) -> RosetteSpec:
        number = memory.made + index
        random = np.random.default_rng([problem.seed, number])
        known = [attempt for attempt in memory.elite if attempt.spec is not None]
        if number < _SKETCHED or not known or random.random() < _SKETCH_SHARE:
            return first_plausible(problem, lambda: sketch(problem, random), _SKETCHES)
        seen = {attempt.digest for attempt in known}
        parents = [idea_of(attempt.spec) for attempt in known if attempt.spec is not None]
        spec = first_plausible(problem, lambda: step(problem, parents, random), _STEPS)
        if spec.digest in seen:
            return first_plausible(problem, lambda: sketch(problem, random), _SKETCHES)
        return spec
