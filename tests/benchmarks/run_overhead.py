"""What a run of a 200-step definition costs, against the same DAG written by hand.

The hand-written flow calls an async task for each step as soon as its needs are done, and each
task starts the same command. Both run in turn, in this process, on the same Prefect server:

    PREFECT_API_URL=... python tests/benchmarks/run_overhead.py [ROUNDS] [--profile]
"""

from __future__ import annotations

import asyncio
import cProfile
import os
import pstats
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from uuid import UUID

os.environ.setdefault("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "CRITICAL")

from prefect import flow, task
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

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
    from prefect.context import FlowRunContext

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
            runs = []
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


async def compare(path: Path, rounds: int) -> None:
    """Run both in turn and print what a step costs."""
    await timed_by_hand()
    await timed_luthier(path)
    hand: list[float] = []
    luthier: list[float] = []
    cpu: dict[str, list[float]] = {"hand": [], "luthier": []}
    for number in range(rounds):
        pair = [("hand", timed_by_hand), ("luthier", lambda: timed_luthier(path))]
        for name, run in pair if number % 2 == 0 else reversed(pair):
            before = time.process_time()
            seconds, run_id = await run()
            cpu[name].append(time.process_time() - before)
            (hand if name == "hand" else luthier).append(seconds)
            count = await recorded(run_id)
            print(f"round {number + 1} {name:<8} {seconds:6.2f} s   recorded {count}/{STEPS}")
    ratios = [ours / theirs for ours, theirs in zip(luthier, hand, strict=True)]
    a, b = statistics.median(hand), statistics.median(luthier)
    print(f"by hand  {a:.2f} s   {1000 * a / STEPS:.2f} ms a step")
    print(f"luthier  {b:.2f} s   {1000 * b / STEPS:.2f} ms a step")
    print(f"ratio of the medians {b / a:.3f}, median of the ratios {statistics.median(ratios):.3f}")
    # On a machine that does other work meanwhile, the best rounds and the CPU time say more.
    print(f"ratio of the best rounds {min(luthier) / min(hand):.3f}")
    ours, theirs = (statistics.median(cpu[name]) for name in ("luthier", "hand"))
    print(f"CPU of this process: by hand {theirs:.2f} s, luthier {ours:.2f} s: {ours / theirs:.3f}")


def profile(path: Path) -> None:
    """Print where the time of a run of the definition goes."""
    asyncio.run(timed_luthier(path))
    with cProfile.Profile() as profiler:
        asyncio.run(timed_luthier(path))
    pstats.Stats(profiler).sort_stats("tottime").print_stats(30)
    pstats.Stats(profiler).sort_stats("cumtime").print_stats("prefect_luthier", 30)


def main() -> None:
    """Compare, or profile with ``--profile``."""
    arguments = [word for word in sys.argv[1:] if not word.startswith("-")]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.toml"
        path.write_text(definition())
        if "--profile" in sys.argv:
            profile(path)
        else:
            asyncio.run(compare(path, int(arguments[0]) if arguments else 5))


if __name__ == "__main__":
    main()
