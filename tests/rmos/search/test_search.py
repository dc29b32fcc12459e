"""The loop: budgets, ends, islands, and that nothing but the seed decides what is tried."""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from prefect_luthier.errors import InvalidInput
from prefect_luthier.rmos.design.context import Context, Intent
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.feasibility.verdict import Violation
from prefect_luthier.rmos.library.library import load_library
from prefect_luthier.rmos.search.attempts import Attempt, Memory, Proposal
from prefect_luthier.rmos.search.budget import Budget
from prefect_luthier.rmos.search.judging import Judged, engine_judge
from prefect_luthier.rmos.search.loop import run_leg
from prefect_luthier.rmos.search.numeric import NumericGenerator
from prefect_luthier.rmos.search.policy import check_budget, default_policy
from prefect_luthier.rmos.search.problem import SearchProblem, state_problem
from prefect_luthier.rmos.search.request import prepare
from prefect_luthier.rmos.search.search import Search, run_search

MakeContext = Callable[..., Context]


@pytest.fixture
def context(make_context: MakeContext) -> Context:
    """Give a loose context with wishes."""
    intent = Intent(rings=(3, 7), patterns=("herringbone", "line"), complexity="medium")
    return make_context(target_diameter_mm=116.0, intent=intent)


@pytest.fixture
def problem(context: Context) -> SearchProblem:
    """Give its problem."""
    return state_problem(context, default_policy(), load_library(), seed=7)


@dataclass
class Clock:
    """A clock that moves by a step each time it is read."""

    step_s: float = 0.0
    now_s: float = 0.0

    def __call__(self) -> float:
        self.now_s += self.step_s
        return self.now_s


def digests(attempts: Sequence[Attempt]) -> list[tuple[int, str, float]]:
    return [(each.number, each.digest, each.score) for each in attempts]


def searched(problem: SearchProblem, budget: Budget, clock: Any = None) -> list[Attempt]:
    attempts: list[Attempt] = []
    run_search(
        problem,
        NumericGenerator(),
        budget,
        clock or Clock(),
        on_batch=lambda made, _best: attempts.extend(made),
    )
    return attempts


def test_the_same_seed_makes_the_same_attempts(problem: SearchProblem) -> None:
    """Attempts repeat exactly, also when slow scoring cuts the batches into small pieces."""
    budget = Budget(60, 1000, 100)
    first = searched(problem, budget)
    assert [each.number for each in first] == list(range(1, 61))
    assert digests(searched(problem, budget)) == digests(first)
    assert digests(searched(problem, budget, Clock(step_s=1.2))) == digests(first)
    other = searched(replace(problem, seed=8), budget)
    assert {each.digest for each in other}.isdisjoint({each.digest for each in first})


def test_fewer_attempts_are_the_first_of_more(problem: SearchProblem) -> None:
    """A smaller budget changes nothing but where it ends."""
    more = searched(problem, Budget(50, 1000, 100))
    assert digests(searched(problem, Budget(33, 1000, 100))) == digests(more[:33])


def test_where_legs_run_changes_nothing(problem: SearchProblem) -> None:
    """Islands give the same attempts whether their legs run here in turn, or pickled elsewhere."""
    budget = Budget(90, 1000, 100, islands=3)
    here = searched(problem, budget)
    search = Search(problem, NumericGenerator(), budget)
    elsewhere: list[Attempt] = []
    while legs := search.next_legs(0.0):
        sent = [pickle.loads(pickle.dumps(leg)) for leg in legs]
        done = {
            index: run_leg(sent[index], engine_judge(problem.context), Clock())
            for index in reversed(range(len(sent)))
        }
        elsewhere += search.take([done[index] for index in range(len(sent))])
    assert digests(elsewhere) == digests(here)
    assert sorted(each.number for each in here) == list(range(1, 91))
    assert len({each.digest for each in here}) > 80


def test_results_stay_inside_the_intent_and_improve(problem: SearchProblem) -> None:
    """Every attempt keeps to the wishes, none is blocked by chance, and the best gets better."""
    attempts = searched(problem, Budget(120, 1000, 100))
    assert all(each.spec and not problem.departures(each.spec) for each in attempts)
    assert sum(each.allowed for each in attempts) > 110
    best = [max(each.score for each in attempts[:count] if each.allowed) for count in (5, 120)]
    assert best[1] > best[0]


def test_the_wanted_score_ends_the_search(problem: SearchProblem) -> None:
    """Success stops early, and says so."""
    result = run_search(problem, NumericGenerator(), Budget(500, 1000, 80), Clock())
    assert result.status == "success"
    assert result.best is not None
    assert result.best.score >= 80
    assert result.attempts_made < 50
    short = run_search(problem, NumericGenerator(), Budget(6, 1000, 99.9), Clock())
    assert (short.status, short.attempts_made) == ("best_effort", 6)


@dataclass
class SlowJudge:
    """Takes a second for each design, by a clock."""

    clock: Clock
    sizes: list[int] = field(default_factory=list)

    def __call__(self, specs: Sequence[RosetteSpec]) -> list[Judged]:
        self.sizes.append(len(specs))
        self.clock.now_s += len(specs)
        blocked = Violation(code="SLOW", severity="RED", message="No.", fix="None.")
        return [Judged(10.0, "RED", (blocked,)) for _ in specs]


@pytest.mark.parametrize("seconds", [3, 10, 47.5, 300])
def test_the_time_is_kept(problem: SearchProblem, seconds: float) -> None:
    """Nothing is begun that would end late, once it is known how long it takes."""
    clock = Clock()
    judge = SlowJudge(clock)
    budget = Budget(10_000, seconds, 90)
    result = run_search(problem, NumericGenerator(), budget, clock, judge=judge)
    assert result.status == "timeout"
    assert seconds - 1 <= clock.now_s <= max(seconds, 4)
    assert result.evaluations == sum(judge.sizes) == result.attempts_made
    assert [each.code for each in result.binding_constraints] == ["SLOW"]
    assert result.binding_constraints[0].share == 1.0
    assert not result.binding_constraints[0].proven


class Wayward:
    """A generator that proposes a design outside the wishes, an answer that is none, or stops."""

    name = "wayward"

    def __init__(self, proposals: Sequence[Proposal]) -> None:
        self._proposals = proposals

    def batch_size(self, made: int) -> int:
        return 1

    def leg_size(self, made: int) -> int:
        return 1

    def propose(self, problem: Any, memory: Memory, count: int, remaining_s: float) -> Any:
        return self._proposals[memory.made : memory.made + 1]


def test_what_strays_from_the_intent_is_never_a_result(
    problem: SearchProblem, make_spec: Any
) -> None:
    """A design of another diameter is blocked, whatever it scores; so is what is no design."""
    stray = make_spec([0.5, 0.5, 4, 0.5, 0.5])
    proposals = [Proposal(stray), Proposal(None, answer="{", problem="It is no JSON.")]
    result = run_search(problem, Wayward(proposals), Budget(10, 100, 50), Clock())
    assert (result.status, result.attempts_made, result.evaluations) == ("exhausted", 2, 1)
    assert result.best is None
    assert "INTENT" in [each.code for each in result.binding_constraints]
    assert result.nearest is not None
    assert result.nearest.score == 0.0


@pytest.mark.parametrize(
    ("budget", "fields"),
    [
        (Budget(0, 1, 90), {"attempts"}),
        (Budget(10**9, 10**9, 90), {"attempts", "seconds"}),
        (Budget(5, 0, 90), {"seconds"}),
        (Budget(5, math.nan, math.nan), {"seconds", "wanted_score"}),
        (Budget(5, math.inf, 101), {"seconds", "wanted_score"}),
        (Budget(5, 5, 90, islands=6), {"islands"}),
        (Budget(5, 5, 90, islands=0), {"islands"}),
        (Budget(5, 5, 90, islands=5), set()),
    ],
    ids=["none", "too much", "no time", "nan", "infinite", "islands", "no island", "right"],
)
def test_budgets_keep_to_the_policy(budget: Budget, fields: set[str]) -> None:
    """Every way in which a budget breaks the policy is found, at once."""
    found = check_budget(budget, default_policy())
    assert {each.pointer.removeprefix("/budget/") for each in found} == fields


def test_nothing_runs_that_the_policy_refuses(context: Context) -> None:
    """All findings about a request come together: budget, wishes, generator and seed."""
    crowded = context.model_copy(update={"intent": Intent(rings=(1, 60))})
    with pytest.raises(InvalidInput) as refused:
        prepare(crowded, Budget(0, 1, 90), seed=-1, generator="oracle")
    codes = [each.code for each in refused.value.diagnostics]
    assert codes == ["search-budget", "search-rings", "search-generator", "search-seed"]


def test_memory_stays_small(problem: SearchProblem) -> None:
    """What a generator remembers does not grow with the attempts, and keeps the best."""
    attempts = searched(problem, Budget(150, 1000, 100))
    memory = Memory()
    for first in range(0, len(attempts), 7):
        memory = memory.after(attempts[first : first + 7])
    assert memory.made == 150
    assert len(memory.elite) <= 24
    assert len(memory.newest) <= 48
    assert memory.best is not None
    assert memory.best.score == max(each.score for each in attempts if each.allowed)
