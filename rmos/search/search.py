"""A whole search: its islands, its budget and its outcome."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from prefect_luthier.rmos.search.attempts import Attempt, Memory
from prefect_luthier.rmos.search.budget import Budget
from prefect_luthier.rmos.search.generator import Generator
from prefect_luthier.rmos.search.infeasible import proof
from prefect_luthier.rmos.search.judging import Judge, engine_judge
from prefect_luthier.rmos.search.loop import Clock, Leg, Made, run_leg
from prefect_luthier.rmos.search.problem import SearchProblem
from prefect_luthier.rmos.search.result import Binding, SearchResult, Status, what_blocked

_ISLAND_SEEDS = 1_000_003

OnBatch = Callable[[Sequence[Attempt], Attempt | None], None]
"""Takes new attempts, and the best one so far."""


@dataclass
class Search:
    """The state of one search, for whoever runs its legs.

    Ask for `next_legs`, run them where and in whatever order, `take` what they made, and so on
    until there are none. What is attempted does not depend on where the legs run.

    Args:
        problem: What is to be solved.
        generator: Who proposes.
        budget: What may be spent.
    """

    problem: SearchProblem
    generator: Generator
    budget: Budget
    best: Attempt | None = None
    evaluations: int = 0
    proven: tuple[Binding, ...] = ()
    _memories: list[Memory] = field(default_factory=list)
    _ended: bool = False
    _out_of_time: bool = False

    def __post_init__(self) -> None:
        self.proven = proof(self.problem)
        self._memories = [Memory() for _ in range(self.budget.islands)]

    @property
    def attempts_made(self) -> int:
        """How many attempts there were."""
        return sum(memory.made for memory in self._memories)

    @property
    def succeeded(self) -> bool:
        """Whether an allowed design has the wanted score."""
        best = self.best
        return best is not None and best.allowed and best.score >= self.budget.wanted_score

    def next_legs(self, elapsed_s: float) -> list[Leg]:
        """Return the next leg of every island that has attempts left; none when it is over."""
        remaining_s = self.budget.seconds - elapsed_s
        if self.proven or self.succeeded or self._ended or remaining_s <= 0:
            return []
        legs = []
        for island, memory in enumerate(self._memories):
            left = self._share(island) - memory.made
            size = min(self.generator.leg_size(memory.made), left)
            legs.append(self._leg(island, memory, size, remaining_s))
        return legs if any(leg.attempts for leg in legs) else []

    def _leg(self, island: int, memory: Memory, size: int, remaining_s: float) -> Leg:
        seed = self.problem.seed if island == 0 else self.problem.seed + island * _ISLAND_SEEDS
        return Leg(
            problem=replace(self.problem, seed=seed),
            generator=self.generator,
            memory=memory,
            attempts=size,
            wanted_score=self.budget.wanted_score,
            seconds=remaining_s,
        )

    def _share(self, island: int) -> int:
        """Return how many of the attempts are an island's."""
        islands = self.budget.islands
        return (self.budget.attempts - island + islands - 1) // islands

    def take(self, made: Sequence[Made]) -> list[Attempt]:
        """Take what the legs made, in their order; return it numbered within the search."""
        islands = self.budget.islands
        taken: list[Attempt] = []
        for island, leg in enumerate(made):
            self._memories[island] = self._memories[island].after(leg.attempts)
            taken += [
                replace(attempt, number=(attempt.number - 1) * islands + island + 1)
                for attempt in leg.attempts
            ]
        self._out_of_time = any(leg.out_of_time for leg in made)
        self._ended = self._out_of_time or not taken
        taken.sort(key=lambda attempt: attempt.number)
        self.evaluations += sum(attempt.spec is not None for attempt in taken)
        for attempt in taken:
            if attempt.spec and (self.best is None or attempt.rank > self.best.rank):
                self.best = attempt
        return taken

    def result(self, elapsed_s: float) -> SearchResult:
        """Return how the search ended."""
        allowed = self.best if self.best and self.best.allowed else None
        return SearchResult(
            status=self._status(allowed, elapsed_s),
            best=allowed,
            nearest=None if allowed else self.best,
            attempts_made=self.attempts_made,
            evaluations=self.evaluations,
            time_s=elapsed_s,
            binding_constraints=() if allowed else self.proven or self._observed(),
        )

    def _status(self, allowed: Attempt | None, elapsed_s: float) -> Status:
        if self.succeeded:
            return "success"
        is_late = self._out_of_time or elapsed_s >= self.budget.seconds
        if is_late and self.attempts_made < self.budget.attempts:
            return "timeout"
        return "best_effort" if allowed else "exhausted"

    def _observed(self) -> tuple[Binding, ...]:
        blocked: Counter[str] = Counter()
        for memory in self._memories:
            blocked.update(memory.blocked_by)
        return what_blocked(self.best, blocked, self.attempts_made)


def run_search(  # noqa: PLR0917 - the search's parts, in the order of their use
    problem: SearchProblem,
    generator: Generator,
    budget: Budget,
    clock: Clock,
    on_batch: OnBatch | None = None,
    judge: Judge | None = None,
) -> SearchResult:
    """Search to the end in this thread.

    Args:
        problem: What is to be solved.
        generator: Who proposes.
        budget: What may be spent; checked by `policy.check_budget` before.
        clock: Seconds that only grow.
        on_batch: Is told of new attempts.
        judge: Who scores; default: the feasibility engine.
    """
    judge = judge or engine_judge(problem.context)
    search = Search(problem, generator, budget)
    started = clock()
    while legs := search.next_legs(clock() - started):
        made: list[Made] = []
        for leg in legs:
            remaining_s = budget.seconds - (clock() - started)
            made.append(run_leg(replace(leg, seconds=remaining_s), judge, clock))
        taken = search.take(made)
        if on_batch is not None:
            on_batch(taken, search.best)
    return search.result(clock() - started)
