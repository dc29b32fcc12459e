"""Where the legs of a search run: threads, processes, or a Dask cluster."""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

from prefect import task
from prefect.task_runners import ProcessPoolTaskRunner, TaskRunner

from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.rosette.search_run import RunLegs, make_leg
from prefect_luthier.rmos.search.loop import Leg, Made

RunnerName = Literal["threads", "processes", "dask"]

_MOST_WORKERS = 16


@task(name="search-leg", task_run_name="attempts from {first}", persist_result=False)
def run_leg_task(leg: Leg, first: int) -> Made:  # noqa: ARG001 - names the task run
    """Make the attempts of one leg, in a worker of a task runner."""
    return make_leg(leg)


@task(name="search-leg", task_run_name="attempts from {first}", persist_result=False)
async def run_leg_thread(leg: Leg, first: int) -> Made:  # noqa: ARG001
    """Make the attempts of one leg in a thread of this process."""
    return await asyncio.to_thread(make_leg, leg)


@task(name="start-worker", persist_result=False)
def start_worker() -> None:
    """Load what a worker needs, before the search's time begins to count."""


@asynccontextmanager
async def running_legs(name: RunnerName, islands: int) -> AsyncIterator[RunLegs]:
    """Give a function that runs legs as Prefect tasks; workers are started and warm by then.

    Raises:
        LuthierError: The runner is not installed (``no-dask``).
    """
    if name == "threads":
        yield _in_threads
        return
    workers = min(islands, _MOST_WORKERS)
    runner = RUNNERS[name](workers)
    with runner:
        await _results([runner.submit(start_worker, {}) for _ in range(workers)])

        async def run(legs: Sequence[Leg]) -> list[Made]:
            return await _results([runner.submit(run_leg_task, _parameters(leg)) for leg in legs])

        yield run


async def _in_threads(legs: Sequence[Leg]) -> list[Made]:
    return list(await asyncio.gather(*(run_leg_thread(**_parameters(leg)) for leg in legs)))


def _parameters(leg: Leg) -> dict[str, Any]:
    return {"leg": leg, "first": leg.memory.made + 1}


async def _results(futures: Sequence[Any]) -> list[Any]:
    return [await asyncio.to_thread(future.result) for future in futures]


def _processes(workers: int) -> TaskRunner[Any]:
    return ProcessPoolTaskRunner(max_workers=workers)


def _dask(workers: int) -> TaskRunner[Any]:
    try:
        prefect_dask = importlib.import_module("prefect_dask")  # an extra
    except ImportError as error:
        raise LuthierError(
            "no-dask",
            "the task runner `dask` needs the package prefect-dask, which is not installed.",
            "Install it with `pip install 'prefect-luthier[dask]'`, or use threads or processes.",
        ) from error
    runner: TaskRunner[Any] = prefect_dask.DaskTaskRunner(
        cluster_kwargs={"n_workers": workers, "threads_per_worker": 1, "dashboard_address": None}
    )
    return runner


RUNNERS: dict[str, Callable[[int], TaskRunner[Any]]] = {"processes": _processes, "dask": _dask}
"""Makes a task runner with so many workers."""
