"""What a run of a 200-step definition costs, against the same DAG written by hand.

    python tests/benchmarks/run_overhead.py [--rounds N] [--profile] [--json FILE]

Both run in turn, in this process and on one Prefect server, which is started for the time of the
measurement unless PREFECT_API_URL names one; the data go into a temporary folder. A run may cost
at most 1.1 times the hand-written flow, and all its task runs must be in the server's history.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import json
import os
import pstats
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import psutil

from prefect_luthier.blocks import private_postgres
from prefect_luthier.deployments.store.connection import close_stores
from prefect_luthier.settings import load_settings
from prefect_luthier.ui.cli.prefect_connection import prefect_connection

LIMIT = 1.1
SHOWN = 12


@dataclass
class Measured:
    """What the runs of one of the two took; the number of task runs is that of the server."""

    seconds: list[float] = field(default_factory=list)
    cpu_seconds: list[float] = field(default_factory=list)
    recorded: list[int] = field(default_factory=list)


Run = Callable[[], Awaitable[tuple[float, UUID]]]


async def compare(runs: dict[str, Run], rounds: int) -> dict[str, Measured]:
    """Run both in turn, after one run of each that does not count."""
    from prefect.logging.handlers import APILogHandler  # Prefect reads its settings when imported
    from two_flows import STEPS, recorded

    found = {name: Measured() for name in runs}
    for number in range(rounds + 1):
        for name in sorted(runs, reverse=number % 2 == 1):
            before = time.process_time()
            seconds, run_id = await runs[name]()
            cpu = time.process_time() - before
            count = await recorded(run_id)
            if number == 0:
                continue
            found[name].seconds.append(seconds)
            found[name].cpu_seconds.append(cpu)
            found[name].recorded.append(count)
            print(f"round {number} {name:<8} {seconds:6.2f} s   {count}/{STEPS} task runs recorded")
    await APILogHandler.aflush()
    return found


def report(found: dict[str, Measured], steps: int) -> dict[str, float]:
    """Print what a step costs, and return the figures."""
    hand, luthier = found["by hand"], found["luthier"]
    for name, measured in found.items():
        median = statistics.median(measured.seconds)
        cpu = statistics.median(measured.cpu_seconds)
        print(
            f"{name:<8} median {median:.2f} s, best {min(measured.seconds):.2f} s, "
            f"{1000 * median / steps:.2f} ms a step, CPU of this process {cpu:.2f} s"
        )
    added_s = statistics.median(luthier.seconds) - statistics.median(hand.seconds)
    pairs = zip(luthier.seconds, hand.seconds, strict=True)
    figures = {
        "added_ms_per_step": 1000 * added_s / steps,
        "ratio": statistics.median(ours / theirs for ours, theirs in pairs),
        "ratio_of_medians": statistics.median(luthier.seconds) / statistics.median(hand.seconds),
        # On a machine that does other work meanwhile, the best rounds and the CPU say more.
        "ratio_of_best": min(luthier.seconds) / min(hand.seconds),
        "ratio_of_cpu": statistics.median(luthier.cpu_seconds)
        / statistics.median(hand.cpu_seconds),
        "missing_task_runs": steps * len(luthier.recorded) - sum(luthier.recorded),
    }
    for name, figure in figures.items():
        print(f"{name:<20} {figure:.3f}")
    return figures


async def profile(run: Run) -> None:
    """Print where the time of a run of the definition goes: by thread, part and function."""
    from prefect.logging.handlers import APILogHandler

    await run()
    before = cpu_by_thread()
    with cProfile.Profile() as profiler:
        seconds, _ = await run()
    after = cpu_by_thread()
    await APILogHandler.aflush()
    print(f"\na profiled run: {seconds:.2f} s")
    show({f"CPU of thread {name}": cpu_s - before.get(name, 0) for name, cpu_s in after.items()})
    by_part: dict[str, float] = defaultdict(float)
    stats = pstats.Stats(profiler)
    for (path, _, function), (_, _, own_s, *_) in stats.stats.items():  # type: ignore[attr-defined]
        by_part[part_of(path, function)] += own_s
    print("\nthe event loop's thread, by part:")
    show(by_part)
    stats.sort_stats("tottime").print_stats(SHOWN)
    stats.sort_stats("cumtime").print_stats("prefect_luthier", SHOWN)


def show(seconds: Mapping[str, float]) -> None:
    """Print the largest of some times."""
    for name in sorted(seconds, key=lambda name: -seconds[name])[:SHOWN]:
        print(f"  {seconds[name]:6.2f} s  {name}")


def cpu_by_thread() -> dict[str, float]:
    """Return the CPU seconds of this process's threads, by the name of what they do."""
    names = {thread.native_id: thread.name for thread in threading.enumerate()}
    found: dict[str, float] = defaultdict(float)
    for thread in psutil.Process().threads():
        found[names.get(thread.id, "of libraries")] += thread.user_time + thread.system_time
    return found


def part_of(path: str, function: str) -> str:
    """Return which part of the program a profiled function belongs to."""
    if "epoll" in function or "select" in function:
        return "waiting"
    if "prefect_luthier" in path:
        return "luthier: " + path.split("prefect_luthier/")[1]
    if "site-packages" in path:
        return path.split("site-packages/")[1].partition("/")[0]
    return "Python's built-in functions" if path == "~" else "Python's library"


def measure(arguments: argparse.Namespace, folder: Path) -> int:
    """Measure on the server that the environment names; return 1 when a promise is broken."""
    from two_flows import STEPS, definition, timed_by_hand, timed_luthier

    path = folder / "bench.toml"
    path.write_text(definition())
    runs: dict[str, Run] = {"by hand": timed_by_hand, "luthier": lambda: timed_luthier(path)}
    figures = report(asyncio.run(compare(runs, arguments.rounds)), STEPS)
    if arguments.profile:
        asyncio.run(profile(runs["luthier"]))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    return int(figures["ratio"] > LIMIT or figures["missing_task_runs"] > 0)


def main() -> int:
    """Read the arguments, start what is needed, measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--profile", action="store_true", help="show where the time goes")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="luthier-bench-") as folder:
        os.environ["LUTHIER_DATA_DIR"] = folder
        with prefect_connection(load_settings()):
            try:
                return measure(arguments, Path(folder))
            finally:
                close_stores()
                private_postgres.stop(Path(folder))


if __name__ == "__main__":
    sys.exit(main())
