"""The generator that needs no model: it sketches what can be made, and improves the best of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.search.attempts import Memory, Proposal
from prefect_luthier.rmos.search.idea import idea_of
from prefect_luthier.rmos.search.plausible import plausible
from prefect_luthier.rmos.search.problem import SearchProblem
from prefect_luthier.rmos.search.sketch import sketch
from prefect_luthier.rmos.search.steps import step
from prefect_luthier.rmos.search.surrogate import Surrogate

_SKETCHED = 8  # attempts before the first guess
_SKETCH_TRIES = 24  # ideas drawn until one is plausible
_POOL = 48  # designs that the guess chooses a batch from, and as many times the batch's size:
_POOL_PER_DESIGN = 4
_SKETCH_SHARE = 0.25  # of the pool
_UNGUESSED = 4  # every fourth of a batch is taken as it comes, so that guesses get corrected
_BATCH_SHARE = 8  # a batch is at most an eighth of what is known
_LARGEST_BATCH = 64
_FIRST_LEG, _LARGEST_LEG = 32, 512


@dataclass(frozen=True)
class NumericGenerator:
    """Sketches designs inside what single constraints allow, then improves the best ones.

    It draws more than it proposes: what the attempts so far let it expect decides between them.
    """

    name: str = "numeric"

    def batch_size(self, made: int) -> int:
        """Return a size that grows with what is known: few at first, so that feedback counts."""
        return max(4, min(_LARGEST_BATCH, made // _BATCH_SHARE))

    def leg_size(self, made: int) -> int:
        """Return a size that doubles what was made, up to a second's work."""
        return max(_FIRST_LEG, min(_LARGEST_LEG, made))

    def propose(
        self,
        problem: SearchProblem,
        memory: Memory,
        count: int,
        remaining_s: float,  # noqa: ARG002 - it waits for nobody
    ) -> Sequence[Proposal]:
        """Return designs; they follow from the seed, how many there were, and what is known."""
        random = np.random.default_rng([problem.seed, memory.made])
        known = _known(memory)
        size = self.batch_size(memory.made)
        if memory.made < _SKETCHED or not known:
            drawn = [_sketched(problem, random) for _ in range(size)]
        else:
            drawn = _chosen(problem, memory, known, size, random)
        return [Proposal(spec) for spec in drawn[:count]]


def _known(memory: Memory) -> dict[str, tuple[RosetteSpec, float]]:
    attempts = (*memory.elite, *memory.newest)
    return {a.digest: (a.spec, a.score) for a in attempts if a.spec is not None and a.allowed}


def _sketched(problem: SearchProblem, random: np.random.Generator) -> RosetteSpec:
    return plausible(problem, (sketch(problem, random) for _ in range(_SKETCH_TRIES)))[0]


def _chosen(
    problem: SearchProblem,
    memory: Memory,
    known: dict[str, tuple[RosetteSpec, float]],
    size: int,
    random: np.random.Generator,
) -> list[RosetteSpec]:
    """Draw a pool of neighbours and sketches; return the ones that promise most, best first."""
    parents = [idea_of(attempt.spec) for attempt in memory.elite if attempt.spec is not None]
    ideas = [
        sketch(problem, random)
        if random.random() < _SKETCH_SHARE
        else step(problem, parents, random)
        for _ in range(_POOL + _POOL_PER_DESIGN * size)
    ]
    pool = {spec.digest: spec for spec in plausible(problem, ideas) if spec.digest not in known}
    drawn = list(pool.values())
    if len(drawn) < size:
        drawn += [_sketched(problem, random) for _ in range(size - len(drawn))]
    specs, scores = zip(*known.values(), strict=True)
    guessed = Surrogate(specs, np.array(scores), problem.context).guess(drawn)
    ranked = [drawn[int(index)] for index in np.argsort(-guessed, kind="stable")]
    for place in range(_UNGUESSED - 1, size, _UNGUESSED):
        ranked.insert(place, ranked.pop(int(random.integers(place, len(ranked)))))
    return ranked[:size]
