"""Compare our numeric search with random, Sobol, differential evolution and Optuna's TPE.

    python tests/benchmarks/rosette_search.py [--seeds 20] [--jobs 2] [--only METHOD] [--json FILE]

All methods work in the same box of numbers, through the same fitting to the problem (ring count,
patterns and palette of the intent, widths that sum up to the wanted diameter), and are scored by
the same engine. Every call of the scorer counts, repeated and blocked designs included. All get
the cheap constraints free of charge: `random` and `sobol` throw away up to 24 blocked points for
each one they score, as ours does; differential evolution gets their shortfall as a penalty, also
for 24 points per call, and TPE their values as constraints, for half a point per call (it takes
50 ms a point).

On problems that cannot be made only `exhausted`, with the right constraint named, counts.
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import statistics
import time
import tomllib
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from prefect_luthier.rmos.design.context import Context, Intent
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.feasibility.batch import score_batch
from prefect_luthier.rmos.feasibility.spec_batch import SpecBatch
from prefect_luthier.rmos.library.library import (
    find_machine,
    find_material,
    find_tool,
    load_library,
)
from prefect_luthier.rmos.search.box import Ranges, dimensions, idea_at
from prefect_luthier.rmos.search.budget import Budget
from prefect_luthier.rmos.search.fitting import fit
from prefect_luthier.rmos.search.judging import Judged
from prefect_luthier.rmos.search.numeric import NumericGenerator
from prefect_luthier.rmos.search.plausible import cheap_margins
from prefect_luthier.rmos.search.policy import default_policy
from prefect_luthier.rmos.search.problem import SearchProblem, state_problem
from prefect_luthier.rmos.search.search import run_search

PROBLEMS = Path(__file__).with_name("rosette_search_problems.toml")
CALLS = 200
BUDGETS = (25, 50, 100, 200)
FEASIBLE_BY = (1, 5, 10, 25, 50, 100, 200)
THROWN_AWAY = 24

BOX = Ranges(
    edge_land_mm=(0.0, 8.0),
    depth_mm=(0.7, 2.5),
    proud_mm=(-0.25, 0.6),
    glue_gap_mm=(0.0, 0.25),
    pass_mm=(0.1, 3.0),
    land_mm=(0.2, 5.0),
)
"""What somebody who knows rosettes, but not the engine, would search in.

It begins where channels are as deep as in any published rosette, as the policy's customs do: the
engine only warns of shallower ones, and gives them more points, but nobody wants them.
"""


class Spent(Exception):
    """The scorer may not be called again."""


@dataclass
class Scorer:
    """Scores designs one by one, and keeps every score; blocked designs score below 50."""

    problem: SearchProblem
    scores: list[float] = field(default_factory=list)

    def spec(self, point: np.ndarray) -> RosetteSpec:
        """Return the design at a point of the box."""
        return fit(self.problem, idea_at(self.problem, np.clip(point, 0.0, 1.0), BOX))

    def shortfall(self, spec: RosetteSpec) -> float:
        """Return how far the cheap constraints are from being kept; 0 when they are."""
        return float(np.minimum(cheap_margins([spec], self.problem.context), 0.0).sum())

    def score(self, spec: RosetteSpec) -> float:
        """Call the engine."""
        if len(self.scores) >= CALLS:
            raise Spent
        found = score_batch(SpecBatch.of([spec]), self.problem.context)
        allowed = not found.red[0] and not self.problem.departures(spec)
        value = float(found.score[0])
        self.scores.append(value if allowed else min(value, 40.0))
        return self.scores[-1]


def points_of_random(dimension: int, seed: int) -> Iterator[np.ndarray]:
    """Give independent points."""
    generator = np.random.default_rng(seed)
    while True:
        yield generator.random(dimension)


def points_of_sobol(dimension: int, seed: int) -> Iterator[np.ndarray]:
    """Give the points of a scrambled Sobol sequence."""
    from scipy.stats import qmc

    sequence = qmc.Sobol(dimension, rng=seed)
    while True:
        yield from sequence.random(64)


def sampling(points: Callable[[int, int], Iterator[np.ndarray]]) -> Callable[[Scorer, int], None]:
    """Return a method that scores the points that no cheap constraint blocks.

    Where all of 24 are blocked, the least blocked of them is scored.
    """

    def method(scorer: Scorer, seed: int) -> None:
        source = points(dimensions(scorer.problem), seed)
        while True:
            drawn = [scorer.spec(next(source)) for _ in range(THROWN_AWAY)]
            margins = np.minimum(cheap_margins(drawn, scorer.problem.context), 0.0).sum(axis=1)
            kept = np.flatnonzero(margins >= 0)
            for index in kept if len(kept) else [margins.argmax()]:
                scorer.score(drawn[int(index)])

    return method


def differential_evolution(scorer: Scorer, seed: int) -> None:
    """Minimise with scipy; what a cheap constraint blocks costs no call and gets a penalty."""
    from scipy.optimize import differential_evolution as minimise

    spare = THROWN_AWAY * CALLS

    def cost(point: np.ndarray) -> float:
        nonlocal spare
        spec = scorer.spec(point)
        shortfall = scorer.shortfall(spec)
        spare -= shortfall < 0
        return -scorer.score(spec) if shortfall >= 0 or spare < 0 else 100.0 - shortfall

    dimension = dimensions(scorer.problem)
    start = np.random.default_rng(seed).random((20, dimension))
    while True:
        minimise(
            cost, [(0.0, 1.0)] * dimension, init=start, rng=seed, maxiter=10_000, tol=0,
            polish=False,
        )  # fmt: skip


def optuna_tpe(scorer: Scorer, seed: int) -> None:
    """Ask Optuna's TPE, with the cheap constraints' margins as its constraints."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sampler = optuna.samplers.TPESampler(
        seed=seed, constraints_func=lambda trial: trial.user_attrs["constraints"]
    )
    study = optuna.create_study(direction="maximize", sampler=sampler)
    dimension = dimensions(scorer.problem)
    spare = CALLS // 2
    while True:
        trial = study.ask()
        point = np.array([trial.suggest_float(f"x{i}", 0.0, 1.0) for i in range(dimension)])
        spec = scorer.spec(point)
        margins = cheap_margins([spec], scorer.problem.context)[0]
        trial.set_user_attr("constraints", [-min(float(each), 1.0) for each in margins])
        if margins.min() < 0 and spare > 0:
            spare -= 1
            study.tell(trial, 0.0)
            continue
        study.tell(trial, scorer.score(spec))


def ours(scorer: Scorer, seed: int) -> None:
    """Run our search; its judge is the counting scorer."""

    def judge(specs: object) -> list[Judged]:
        assert isinstance(specs, list)
        scores = [scorer.score(spec) for spec in specs]
        return [Judged(each, "RED" if each <= 40.0 else "GREEN", ()) for each in scores]

    problem = replace(scorer.problem, seed=seed)
    budget = Budget(attempts=CALLS, seconds=3600, wanted_score=100)
    run_search(problem, NumericGenerator(), budget, time.monotonic, judge=judge)


METHODS: dict[str, Callable[[Scorer, int], None]] = {
    "ours": ours,
    "random": sampling(points_of_random),
    "sobol": sampling(points_of_sobol),
    "scipy-de": differential_evolution,
    "optuna-tpe": optuna_tpe,
}


@functools.cache
def load_problems() -> dict[str, tuple[SearchProblem, str | None]]:
    """Return the problems, each with the constraint that makes it impossible, if one does."""
    problems = {}
    for name, fields in tomllib.loads(PROBLEMS.read_text()).items():
        impossible = fields.pop("infeasible", None)
        context = Context(
            material=find_material(fields.pop("material")),
            tool=find_tool(fields.pop("tool")),
            machine=find_machine(fields.pop("machine")),
            intent=Intent.model_validate(fields.pop("intent", {})),
            **fields,
        )
        problems[name] = (state_problem(context, default_policy(), load_library()), impossible)
    return problems


def run(job: tuple[str, str, int]) -> tuple[str, str, int, list[float], float]:
    """Run one method once on one problem."""
    name, method, seed = job
    problem, _ = load_problems()[name]
    scorer = Scorer(problem)
    started = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(Spent):
            METHODS[method](scorer, seed)
    return name, method, seed, scorer.scores, time.perf_counter() - started


def first_feasible(scores: list[float]) -> float:
    """Return the call that found the first allowed design; infinite when none did."""
    return next((call for call, score in enumerate(scores, 1) if score > 40.0), float("inf"))


def best_by(scores: list[float], calls: int) -> float:
    """Return the best score of an allowed design within so many calls; 0 without one."""
    return max((score for score in scores[:calls] if score > 40.0), default=0.0)


def figures(runs: list[list[float]]) -> dict[str, object]:
    """Return what the runs of one method come to, on one problem or on all."""
    firsts = sorted(first_feasible(scores) for scores in runs)
    return {
        "feasible_by": {k: sum(f <= k for f in firsts) / len(firsts) for k in FEASIBLE_BY},
        "median_first": statistics.median(firsts),
        "censored": sum(first == float("inf") for first in firsts),
        "best": {k: statistics.fmean(best_by(scores, k) for scores in runs) for k in BUDGETS},
    }


def lead(own: list[list[float]], peer: list[list[float]], calls: int) -> tuple[float, float]:
    """Return the 95 % interval of our mean lead over a peer: paired bootstrap over runs."""
    pairs = zip(own, peer, strict=True)
    differences = np.array([best_by(a, calls) - best_by(b, calls) for a, b in pairs])
    drawn = np.random.default_rng(0).integers(len(differences), size=(2000, len(differences)))
    low, high = np.quantile(differences[drawn].mean(axis=1), [0.025, 0.975])
    return float(low), float(high)


def show(title: str, results: dict[str, dict[str, object]]) -> None:
    """Print one table."""
    head = "".join(f"{f'P@{k}':>7}" for k in FEASIBLE_BY)
    print(
        f"\n{title}\n{'':12}{head}{'median':>9}{'none':>6}"
        + "".join(f"{f'@{k}':>8}" for k in BUDGETS)
    )
    for method, found in results.items():
        shares = "".join(f"{share:>7.2f}" for share in found["feasible_by"].values())
        best = "".join(f"{score:>8.2f}" for score in found["best"].values())
        first = found["median_first"]
        median = f">{CALLS}" if first == float("inf") else f"{first:g}"
        print(f"{method:12}{shares}{median:>9}{found['censored']:>6}{best}")


def impossible_problems() -> bool:
    """Print how our search ends on the problems that cannot be made; return whether rightly."""
    right = True
    print("\nproblems that cannot be made")
    for name, (problem, expected) in load_problems().items():
        if expected is None:
            continue
        result = run_search(problem, NumericGenerator(), Budget(CALLS, 60, 100), time.monotonic)
        named = [each.code for each in result.binding_constraints]
        good = result.status == "exhausted" and expected in named
        right &= good
        proven = all(each.proven for each in result.binding_constraints)
        print(
            f"  {name:20}{result.status:12}{', '.join(named):24}{result.evaluations:>4} calls"
            f"  {'proven' if proven else 'observed'}  {'right' if good else 'WRONG'}"
        )
    return right


def main() -> int:
    """Run everything, print the tables; return 1 when a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--only", action="append", choices=list(METHODS), help="a method")
    parser.add_argument("--json", type=Path, help="keep all scores here; skip peers' that are kept")
    arguments = parser.parse_args()
    names = [name for name, (_, impossible) in load_problems().items() if impossible is None]
    methods = arguments.only or list(METHODS)
    kept: dict[str, list[float]] = {}
    if arguments.json and arguments.json.exists():
        kept = json.loads(arguments.json.read_text())
    wanted = [(n, m, s) for s in range(arguments.seeds) for n in names for m in methods]
    jobs = [(n, m, s) for n, m, s in wanted if m == "ours" or f"{m}/{n}/{s}" not in kept]
    with ProcessPoolExecutor(arguments.jobs) as pool:
        for name, method, seed, scores, _ in pool.map(run, jobs):
            kept[f"{method}/{name}/{seed}"] = scores
            if arguments.json:
                arguments.json.write_text(json.dumps(kept))
    return int(not report(names, kept, arguments.seeds))


def report(names: list[str], kept: dict[str, list[float]], seeds: int) -> bool:
    """Print the tables of what is kept; return whether ours leads everywhere."""
    methods = [m for m in METHODS if all(f"{m}/{names[0]}/{s}" in kept for s in range(seeds))]
    runs = {m: {n: [kept[f"{m}/{n}/{s}"] for s in range(seeds)] for n in names} for m in methods}
    for name in names:
        show(name, {method: figures(runs[method][name]) for method in methods})
    whole = {method: [run for name in names for run in runs[method][name]] for method in methods}
    show(f"all {len(names)} problems, {seeds} seeds each", {m: figures(whole[m]) for m in methods})
    leads = True
    if "ours" in whole:
        for peer in methods[1:]:
            intervals = {calls: lead(whole["ours"], whole[peer], calls) for calls in BUDGETS}
            leads &= all(low > 0 for low, _ in intervals.values())
            shown = ", ".join(
                f"@{k} {low:+.2f}..{high:+.2f}" for k, (low, high) in intervals.items()
            )
            print(f"lead over {peer}: {shown}")
    return impossible_problems() and leads


if __name__ == "__main__":
    raise SystemExit(main())
