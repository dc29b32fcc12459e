"""Searching again from what a search started from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from prefect_luthier.canonical import digest
from prefect_luthier.errors import InvalidInput
from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.feasibility.engine import ENGINE_VERSION
from prefect_luthier.rmos.library.library import Library, load_library
from prefect_luthier.rmos.replay.decision import library_drifts
from prefect_luthier.rmos.replay.difference import differences
from prefect_luthier.rmos.replay.report import Drift, Replayed, ReplayReport
from prefect_luthier.rmos.search.attempts import Attempt
from prefect_luthier.rmos.search.budget import Budget
from prefect_luthier.rmos.search.judging import Judge, engine_judge
from prefect_luthier.rmos.search.loop import run_leg
from prefect_luthier.rmos.search.problem import SearchProblem
from prefect_luthier.rmos.search.request import prepare
from prefect_luthier.rmos.search.search import Search


@dataclass(frozen=True)
class RecordedAttempt:
    """What is stored of an attempt; ``spec`` is empty for an answer that was no design."""

    number: int
    spec: Mapping[str, Any]
    spec_digest: str
    score: float
    risk: str
    codes: tuple[str, ...]

    def figures(self) -> dict[str, Any]:
        """Return what a replay compares."""
        return {
            "spec_digest": self.spec_digest,
            "score": self.score,
            "risk": self.risk,
            "codes": sorted(self.codes),
        }


@dataclass(frozen=True)
class RecordedSearch:
    """What is stored of a search."""

    id: str
    context: Mapping[str, Any]
    context_digest: str
    generator: str
    seed: int
    budget: Mapping[str, Any]
    engine: str
    attempts: Sequence[RecordedAttempt]


def replay_search(stored: RecordedSearch, library: Library | None = None) -> ReplayReport:
    """Search again, and compare every attempt.

    A search by a language model cannot be asked for again; its stored designs are scored again.
    """
    notes: list[str] = []
    drifts: list[Drift] = []
    if stored.engine != ENGINE_VERSION:
        drifts.append(Drift("engine", "/engine", stored.engine, ENGINE_VERSION))
    drifts += library_drifts(stored.context, library or load_library())
    try:
        context = Context.model_validate(stored.context)
        if context.digest != stored.context_digest:
            found = Drift("input", "/context_digest", stored.context_digest, context.digest)
            drifts.append(found)
        again = _attempts_again(stored, context, notes)
    except ValidationError as error:
        drifts.append(Drift("input", "/context", None, str(error)))
        again = {}
    except InvalidInput as error:
        drifts += [Drift("policy", d.pointer, None, d.message) for d in error.diagnostics]
        again = {}
    return ReplayReport(
        kind="search",
        id=stored.id,
        engine_stored=stored.engine,
        engine_now=ENGINE_VERSION,
        replayed=tuple(_compared(each, again.get(each.number)) for each in stored.attempts),
        drifts=tuple(drifts),
        notes=tuple(notes),
    )


def _compared(stored: RecordedAttempt, now: Mapping[str, Any] | None) -> Replayed:
    what, before = f"attempt {stored.number}", stored.figures()
    if now is None:
        drift = Drift("result", "", stored.spec_digest, None)
        return Replayed(what, digest(before), None, (drift,))
    found = differences(before, dict(now))
    drifts = tuple(Drift.of("result", each) for each in found)
    return Replayed(what, digest(before), digest(now if drifts else before), drifts)


def _attempts_again(
    stored: RecordedSearch, context: Context, notes: list[str]
) -> dict[int, Mapping[str, Any]]:
    if not stored.attempts:
        return {}
    budget = Budget(**stored.budget)
    prepared = prepare(context, budget, seed=stored.seed)
    judge = engine_judge(context)
    if stored.generator != prepared.generator.name:
        notes.append(
            f"The generator `{stored.generator}` does not answer twice alike: its stored designs "
            "were scored again."
        )
        problem = prepared.problem
        return {each.number: _scored(each, problem, judge) for each in stored.attempts}
    search = Search(prepared.problem, prepared.generator, budget)
    last = max(each.number for each in stored.attempts)
    found: dict[int, Mapping[str, Any]] = {}
    # The clock stands still: a search that ran out of time then is not cut short now.
    while search.attempts_made < last and (legs := search.next_legs(0.0)):
        taken = search.take([run_leg(leg, judge, _stopped_clock) for leg in legs])
        found |= {attempt.number: _figures(attempt) for attempt in taken}
    return found


def _stopped_clock() -> float:
    return 0.0


def _figures(attempt: Attempt) -> dict[str, Any]:
    return {
        "spec_digest": attempt.digest,
        "score": attempt.score,
        "risk": attempt.risk,
        "codes": sorted(violation.code for violation in attempt.violations),
    }


def _scored(stored: RecordedAttempt, problem: SearchProblem, judge: Judge) -> Mapping[str, Any]:
    """Return the figures of a stored design now; the wishes bind it as they bound it then."""
    if not stored.spec:
        return stored.figures()
    spec = RosetteSpec.model_validate(stored.spec)
    verdict, departures = judge([spec])[0], problem.departures(spec)
    codes = [violation.code for violation in verdict.violations]
    return {
        "spec_digest": spec.digest,
        "score": 0.0 if departures else verdict.score,
        "risk": "RED" if departures else verdict.risk,
        "codes": sorted([*("INTENT" for _ in departures), *codes]),
    }
