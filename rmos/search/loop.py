"""The search loop: propose, score, keep the best, feed back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from prefect_luthier.canonical import digest
from prefect_luthier.rmos.feasibility.verdict import Violation
from prefect_luthier.rmos.search.attempts import Attempt, Memory, Proposal
from prefect_luthier.rmos.search.generator import Generator
from prefect_luthier.rmos.search.judging import Judge
from prefect_luthier.rmos.search.problem import SearchProblem

Clock = Callable[[], float]
"""Seconds that only grow."""

_FIRST_PIECE = 4
_SHARE_OF_TIME = 0.25  # of what is left, that one piece of scoring may take


@dataclass(frozen=True)
class Leg:
    """A piece of one island's search, small enough to be shown, stored and cancelled between.

    Args:
        problem: What is to be solved, with the island's own seed.
        generator: Who proposes.
        memory: What the island knows.
        attempts: How many attempts to make.
        wanted_score: An allowed design with this score ends it.
        seconds: How long it may take.
    """

    problem: SearchProblem
    generator: Generator
    memory: Memory
    attempts: int
    wanted_score: float
    seconds: float


def run_leg(leg: Leg, judge: Judge, clock: Clock) -> list[Attempt]:
    """Make the attempts of a leg, numbered from 1 within its island.

    Fewer than asked for come back when time runs out or the wanted score is reached. The time is
    looked at before every piece of work, whose size follows from what earlier ones took.
    """
    deadline = clock() + leg.seconds
    memory = leg.memory
    made: list[Attempt] = []
    rate = _Rate()
    while len(made) < leg.attempts and clock() < deadline and not _reached(memory, leg):
        count = min(leg.generator.batch_size(memory.made), leg.attempts - len(made))
        batch = list(_batch(leg, memory, count, judge, _Timer(clock, deadline, rate)))
        if not batch:
            break  # nobody proposes anything any more
        made += batch
        memory = memory.after(batch)
    return made


def _reached(memory: Memory, leg: Leg) -> bool:
    best = memory.best
    return best is not None and best.allowed and best.score >= leg.wanted_score


@dataclass
class _Rate:
    """How long one attempt takes, from the ones so far."""

    seconds: float = 0.0
    attempts: int = 0

    def add(self, seconds: float, attempts: int) -> None:
        self.seconds += seconds
        self.attempts += attempts

    def piece(self, remaining_s: float) -> int:
        if not self.attempts:
            return _FIRST_PIECE
        each = max(self.seconds / self.attempts, 1e-9)
        return max(1, int(_SHARE_OF_TIME * remaining_s / each))


@dataclass(frozen=True)
class _Timer:
    clock: Clock
    deadline: float
    rate: _Rate

    @property
    def remaining_s(self) -> float:
        return self.deadline - self.clock()


def _batch(leg: Leg, memory: Memory, count: int, judge: Judge, timer: _Timer) -> Iterator[Attempt]:
    """Propose from one knowledge and score piece by piece, as long as there is time."""
    started = timer.clock()
    proposals = leg.generator.propose(leg.problem, memory, count, timer.remaining_s)
    proposing_s = (timer.clock() - started) / max(1, len(proposals))
    done = 0
    while done < len(proposals) and (timer.remaining_s > 0 or done == 0):
        started = timer.clock()
        piece = proposals[done : done + timer.rate.piece(timer.remaining_s)]
        attempts = _judged(leg, memory.made + done, piece, judge)
        spent = timer.clock() - started
        timer.rate.add(spent, len(piece))
        for attempt in attempts:
            yield replace(attempt, time_s=proposing_s + spent / len(piece))
        done += len(piece)


def _judged(leg: Leg, before: int, proposals: Sequence[Proposal], judge: Judge) -> list[Attempt]:
    specs = [proposal.spec for proposal in proposals if proposal.spec is not None]
    verdicts = iter(judge(specs) if specs else ())
    attempts = []
    for number, proposal in enumerate(proposals, before + 1):
        if proposal.spec is None:
            attempts.append(_refused(proposal, number, leg.generator.name))
            continue
        verdict = next(verdicts)
        departures = tuple(
            _against("INTENT", each) for each in leg.problem.departures(proposal.spec)
        )
        attempts.append(
            Attempt(
                number=number,
                spec=proposal.spec,
                digest=proposal.spec.digest,
                score=0.0 if departures else verdict.score,
                risk="RED" if departures else verdict.risk,
                violations=(*departures, *verdict.violations),
                generator=leg.generator.name,
            )
        )
    return attempts


def _against(code: str, message: str) -> Violation:
    return Violation(code=code, severity="RED", message=message, fix="Propose another design.")


def _refused(proposal: Proposal, number: int, generator: str) -> Attempt:
    return Attempt(
        number=number,
        spec=None,
        digest=digest(proposal.answer),
        score=0.0,
        risk="RED",
        violations=(_against(proposal.code, proposal.problem),),
        generator=generator,
    )
