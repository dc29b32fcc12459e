"""The same DAG as a definition and as a flow written by hand, and one run of each.

The hand-written flow calls an async task for each step as soon as its needs are done, and each
task starts the same command.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.context import FlowRunContext

from prefect_luthier.flows.execution.options import Options, options
from prefect_luthier.flows.run_workflow import run_workflow

STEPS = 200
PARALLEL = 8
WIDTH = 10
COMMAND = "printf 'step done\\n'"


def needs_of(step: int) -> list[int]:
    """Return the needs of a step: layers of ten, chained, fanned out and joined in turn."""
    layer, place = divmod(step, WIDTH)
    if layer == 0:
        return []
    before = range((layer - 1) * WIDTH, layer * WIDTH)
    if layer % 4 == 1:
        return [before[place]]
    if layer % 4 == 2:
        return [before[place], before[(place + 1) % WIDTH]]
    return [before[0]] if layer % 4 == 3 else list(before)


DAG = {step: needs_of(step) for step in range(STEPS)}


def definition() -> str:
    """Return the DAG as a definition."""
    lines = ["schema = 1", 'id = "bench"', 'version = "1.0.0"', f"parallel = {PARALLEL}"]
    for step, needs in DAG.items():
        names = ", ".join(f'"s{need}"' for need in needs)
        lines += [f"[steps.s{step}]", f"run = '''{COMMAND}'''", f"needs = [{names}]"]
    return "\n".join(lines)


@task
async def command_task(name: str) -> str:
    """Run the command of one step, as a person would write it."""
    process = await asyncio.create_subprocess_shell(
        COMMAND,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    stdout, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{name}: exit code {process.returncode}")
    return stdout.decode()


@flow
async def by_hand() -> UUID:
    """Call each task when its needs are done, at most so many at once."""
    slots = asyncio.Semaphore(PARALLEL)
    steps: dict[int, asyncio.Task[Any]] = {}

    async def run(step: int, needs: list[int]) -> None:
        await asyncio.gather(*(steps[need] for need in needs))
        async with slots:
            await command_task.with_options(task_run_name=f"s{step}")(f"s{step}")

    for step, needs in DAG.items():
        steps[step] = asyncio.ensure_future(run(step, needs))
    await asyncio.gather(*steps.values())
    context = FlowRunContext.get()
    assert context is not None
    assert context.flow_run is not None
    return context.flow_run.id


async def recorded(run_id: UUID, patience_s: float = 60) -> int:
    """Return how many task runs of a run the server has as completed, once all are there."""
    deadline = time.monotonic() + patience_s
    found = 0
    async with get_client() as client:
        while time.monotonic() < deadline:
            runs: list[Any] = []
            while page := await client.read_task_runs(
                flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run_id])),
                limit=200,
                offset=len(runs),
            ):
                runs += page
            found = sum(1 for run in runs if run.state and run.state.is_completed())
            if found >= STEPS:
                return found
            await asyncio.sleep(0.5)
    return found


async def timed_by_hand() -> tuple[float, UUID]:
    """Return seconds and id of one run of the hand-written flow."""
    start = time.perf_counter()
    run_id: UUID = await by_hand()
    return time.perf_counter() - start, run_id


async def timed_luthier(path: Path) -> tuple[float, UUID]:
    """Return seconds and id of one run of the definition."""
    options.set(Options(parallel=PARALLEL))
    start = time.perf_counter()
    document = await run_workflow(str(path))
    return time.perf_counter() - start, UUID(document["run_id"])
