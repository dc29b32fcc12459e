"""Run 50 searches at once, in one process and over two workers: none over budget, none lost.

    python tests/benchmarks/rosette_concurrency.py [--searches 50] [--seconds 4]

The searches run as the action `rosette.search` runs them: in threads, every attempt stored in
PostgreSQL before anybody hears of it. The budget is time alone: no search may take longer than
its seconds and one batch of four, whose own time is measured; afterwards the store must hold every
search, ended, with every attempt that it reported, once and without a hole.

`LUTHIER_DATABASE_URL` names the database; a private one in a temporary folder by default.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from sqlmodel import Session, select

from prefect_luthier.blocks import private_postgres
from prefect_luthier.deployments.store.connection import open_store
from prefect_luthier.flows.rosette.search_context import read_context
from prefect_luthier.flows.rosette.search_record import SearchRecord
from prefect_luthier.flows.rosette.search_run import conduct
from prefect_luthier.rmos.search.policy import default_policy
from prefect_luthier.rmos.search.request import prepare
from prefect_luthier.rmos.store.tables import AttemptRow, SearchRow
from prefect_luthier.settings import load_settings

CONTEXT = {
    "material": "sitka-spruce",
    "top_thickness_mm": 2.8,
    "tool": "downcut-1.59",
    "machine": "shapeoko-3",
    "spindle_rpm": 24000,
    "feed_mm_min": 508,
    "plunge_mm_min": 254,
    "target_diameter_mm": 116.0,
    "intent": {"rings": [3, 7], "patterns": ["herringbone", "line"], "complexity": "medium"},
}


async def search(seed: int, seconds: float) -> dict[str, Any]:
    """Run one search to the end of its time."""
    budget = default_policy().budget(20_000, seconds, 100.0)
    prepared = prepare(read_context(CONTEXT), budget, seed=seed)
    record = await SearchRecord.start(load_settings(), prepared)
    started = time.perf_counter()
    outcome = await conduct(prepared, record)
    slowest = max((attempt.time_s for attempt in outcome.attempts), default=0.0)
    return {
        "id": str(record.id),
        "attempts": len(outcome.attempts),
        "took_s": time.perf_counter() - started,
        "batch_s": 4 * slowest,
        "score": outcome.result.best.score if outcome.result.best else 0.0,
    }


async def searches(first: int, count: int, seconds: float) -> list[dict[str, Any]]:
    """Run searches side by side in this process."""
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(2 * count))
    return list(await asyncio.gather(*(search(first + i, seconds) for i in range(count))))


def in_workers(workers: int, count: int, seconds: float) -> list[dict[str, Any]]:
    """Run the searches over so many processes."""
    shares = [count // workers + (index < count % workers) for index in range(workers)]
    started = [
        subprocess.Popen(
            [sys.executable, __file__, "--worker", str(index * count), "--searches", str(share),
             "--seconds", str(seconds)],
            stdout=subprocess.PIPE, text=True,
        )
        for index, share in enumerate(shares)
    ]  # fmt: skip
    found: list[dict[str, Any]] = []
    for worker in started:
        out, _ = worker.communicate()
        if worker.returncode:
            raise SystemExit(f"a worker failed with {worker.returncode}")
        found += json.loads(out)
    return found


def check(title: str, found: list[dict[str, Any]], count: int, seconds: float) -> bool:
    """Compare what the searches reported with what the store holds, and print it."""
    with Session(open_store(load_settings())) as session:
        wanted = [each["id"] for each in found]
        rows = {
            str(row.id): row for row in session.exec(select(SearchRow)) if str(row.id) in wanted
        }
        numbers: dict[str, list[int]] = {name: [] for name in wanted}
        for search_id, number in session.exec(select(AttemptRow.search_id, AttemptRow.number)):
            if str(search_id) in numbers:
                numbers[str(search_id)].append(number)
    lost = count - len(rows) + sum(
        sorted(numbers[each["id"]]) != list(range(1, each["attempts"] + 1)) for each in found
    )  # fmt: skip
    over = [each for each in found if each["took_s"] > seconds + max(each["batch_s"], 0.5)]
    statuses = Counter(row.status for row in rows.values())
    longest = max(each["took_s"] for each in found)
    attempts = sum(each["attempts"] for each in found)
    print(
        f"{title:22}{len(found):>4} searches{attempts:>8} attempts  longest {longest:5.2f} of "
        f"{seconds:g} s  over budget {len(over)}  lost {lost}  {dict(statuses)}"
    )
    return not over and not lost


def main() -> int:
    """Run both, print a line for each; return 1 when a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--searches", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker is not None:
        print(json.dumps(asyncio.run(searches(options.worker, options.searches, options.seconds))))
        return 0
    with tempfile.TemporaryDirectory(prefix="luthier-bench-") as folder:
        if not os.environ.get("LUTHIER_DATABASE_URL"):
            os.environ["LUTHIER_DATA_DIR"] = folder
        open_store(load_settings())
        count, seconds = options.searches, options.seconds
        alone = asyncio.run(searches(0, count, seconds))
        good = check("one process", alone, count, seconds)
        good &= check("two workers", in_workers(2, count, seconds), count, seconds)
        open_store(load_settings()).dispose()
        private_postgres.stop(Path(folder))
    return int(not good)


if __name__ == "__main__":
    raise SystemExit(main())
