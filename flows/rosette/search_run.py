"""One search, from its first leg to its stored end, wherever its legs run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from prefect_luthier.errors import ServiceUnreachable
from prefect_luthier.flows.rosette.search_progress import Round
from prefect_luthier.flows.rosette.search_record import SearchRecord
from prefect_luthier.rmos.search.attempts import Attempt
from prefect_luthier.rmos.search.judging import engine_judge
from prefect_luthier.rmos.search.loop import Leg, Made, run_leg
from prefect_luthier.rmos.search.request import Prepared
from prefect_luthier.rmos.search.result import SearchResult
from prefect_luthier.rmos.search.search import Search

RunLegs = Callable[[Sequence[Leg]], Awaitable[list[Made]]]
"""Runs legs side by side and returns what each made, in their order."""

OnRound = Callable[[Round], Awaitable[None]]


def make_leg(leg: Leg) -> Made:
    """Make the attempts of a leg with the real engine and the real clock."""
    return run_leg(leg, engine_judge(leg.problem.context), time.monotonic)


async def legs_in_threads(legs: Sequence[Leg]) -> list[Made]:
    """Run legs in threads of this process."""
    return list(await asyncio.gather(*(asyncio.to_thread(make_leg, leg) for leg in legs)))


@dataclass
class Outcome:
    """How a search ended, with everything that it tried."""

    result: SearchResult
    attempts: list[Attempt] = field(default_factory=list)
    cancelled: str = ""

    def to_json(self, run_id: str, prepared: Prepared) -> dict[str, Any]:
        """Return the document that ``luthier rosette search --json`` prints."""
        from prefect_luthier.rmos.feasibility.engine import ENGINE_VERSION  # noqa: PLC0415

        context = prepared.problem.context
        return {
            "run_id": run_id,
            **self.result.to_json(),
            "generator": prepared.generator.name,
            "seed": prepared.problem.seed,
            "budget": prepared.budget.to_json(),
            "context_digest": context.digest,
            "engine": ENGINE_VERSION,
            "attempts": [attempt.to_json() for attempt in self.attempts],
        }


async def conduct(
    prepared: Prepared,
    record: SearchRecord,
    run_legs: RunLegs = legs_in_threads,
    on_round: OnRound | None = None,
    stopped: Callable[[], str] = str,
) -> Outcome:
    """Run a search to its end; every attempt is stored before anybody hears of it.

    Args:
        prepared: The search.
        record: Its rows.
        run_legs: Runs its legs.
        on_round: Is told of every round.
        stopped: Says why the search must stop, nothing as long as it need not.

    Raises:
        LuthierError: The store is away, or the model never answered. What there was is stored.
    """
    started = time.monotonic()
    search = Search(prepared.problem, prepared.generator, prepared.budget)
    attempts: list[Attempt] = []

    def elapsed_s() -> float:
        return time.monotonic() - started

    try:
        while (legs := search.next_legs(elapsed_s())) and not stopped():
            taken = search.take(await run_legs(legs))
            await asyncio.to_thread(record.append, taken)
            attempts += taken
            if on_round is not None:
                made = search.attempts_made
                await on_round(Round(taken, search.best, made, elapsed_s(), prepared.budget))
    except BaseException as error:
        ended = (
            "cancelled"
            if isinstance(error, asyncio.CancelledError | KeyboardInterrupt)
            else "failed"
        )
        record.interrupt(ended, search, elapsed_s())
        raise
    result = search.result(elapsed_s())
    why = stopped()
    if why:
        await asyncio.to_thread(record.interrupt, "cancelled", search, elapsed_s())
        return Outcome(result, attempts, why)
    await asyncio.to_thread(record.finish, result)
    _demand_answers(attempts)
    return Outcome(result, attempts)


def _demand_answers(attempts: Sequence[Attempt]) -> None:
    """Raise when a model was asked and never answered.

    Raises:
        ServiceUnreachable: It says what the last call came to.
    """
    if attempts and all(attempt.is_silence for attempt in attempts):
        raise ServiceUnreachable(
            "model-unreachable",
            f"the model never answered: {attempts[-1].violations[0].message}",
            "Mend its settings, or search with the numeric generator.",
        )
