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


@dataclass(frozen=True)
class Made:
    """What a leg made.

    Args:
        attempts: Numbered from 1 within its island; fewer than asked for when the wanted score
            was reached, nobody proposed any more, or time ran out.
        out_of_time: Whether it was the time.
    """

    attempts: tuple[Attempt, ...]
    out_of_time: bool = False


def run_leg(leg: Leg, judge: Judge, clock: Clock) -> Made:
    """Make the attempts of a leg.

    Nothing is begun that would end after the time, going by how long it took before.
    """
    memory = leg.memory
    each_s = memory.newest[-1].time_s if memory.newest else 0.0
    time = _Time(clock, clock() + leg.seconds, each_s * leg.generator.batch_size(memory.made))
    made: list[Attempt] = []
    while len(made) < leg.attempts and not _reached(memory, leg):
        if not time.allows_batch():
            return Made(tuple(made), out_of_time=True)
        count = min(leg.generator.batch_size(memory.made), leg.attempts - len(made))
        batch = list(_batch(leg, memory, count, judge, time))
        if not batch:
            break  # nobody proposes anything any more
        made += batch
        memory = memory.after(batch)
    return Made(tuple(made))


def _reached(memory: Memory, leg: Leg) -> bool:
    best = memory.best
    return best is not None and best.allowed and best.score >= leg.wanted_score


@dataclass
class _Time:
    """The time that is left, and how long proposing a batch and scoring a design take."""

    clock: Clock
    deadline: float
    proposing_s: float = 0.0
    scoring_s: float = 0.0
    scored: int = 0

    @property
    def remaining_s(self) -> float:
        return self.deadline - self.clock()

    @property
    def each_s(self) -> float:
        return self.scoring_s / self.scored if self.scored else 0.0

    def allows_batch(self) -> bool:
        remaining_s = self.remaining_s
        return remaining_s > 0 and remaining_s >= self.proposing_s + self.each_s

    def piece(self) -> int:
        """Return how many designs to score before looking at the clock again; 0 for none."""
        remaining_s = self.remaining_s
        if not self.scored:
            return _FIRST_PIECE
        if remaining_s <= 0 or remaining_s < self.each_s:
            return 0
        return max(1, int(_SHARE_OF_TIME * remaining_s / max(self.each_s, 1e-9)))


def _batch(leg: Leg, memory: Memory, count: int, judge: Judge, time: _Time) -> Iterator[Attempt]:
    """Propose from one knowledge and score piece by piece, as long as there is time."""
    started = time.clock()
    proposals = leg.generator.propose(leg.problem, memory, count, time.remaining_s)
    time.proposing_s = time.clock() - started
    done = 0
    while done < len(proposals) and (size := time.piece()):
        started = time.clock()
        piece = proposals[done : done + size]
        attempts = _judged(leg, memory.made + done, piece, judge)
        spent_s = time.clock() - started
        time.scoring_s += spent_s
        time.scored += len(piece)
        share_s = time.proposing_s / len(proposals) + spent_s / len(piece)
        yield from (replace(attempt, time_s=share_s) for attempt in attempts)
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
