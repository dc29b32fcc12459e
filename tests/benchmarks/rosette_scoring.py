"""Measure scoring a batch of rosettes against scoring them one by one.

    python tests/benchmarks/rosette_scoring.py [--designs N] [--runs N] [--json FILE]

Three ways to score the same designs: the batch form, the engine's own scalar form in a loop, and a
scorer in plain Python that shares no code with it. The promise: at 10,000 designs of up to 12 rings
the batch is at least 100 times as fast as the loop. CPU time of this process is compared, in
alternating runs, so that what else runs on the machine does not count; the loops are timed over a
sample, because each of their designs costs the same.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
from plain_rosette_scorer import plain_score

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.reading import context_from_json
from prefect_luthier.rmos.feasibility.batch import score_batch
from prefect_luthier.rmos.feasibility.engine import score
from prefect_luthier.rmos.feasibility.spec_batch import PATTERNS, SpecBatch

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples" / "rosette"
MOST_RINGS = 12
SAMPLE = 400
PROMISE = 100


def random_batch(count: int, seed: int) -> SpecBatch:
    """Return random designs of one to twelve rings, some allowed and most not."""
    random = np.random.default_rng(seed)
    shape = (count, MOST_RINGS)
    depth = random.uniform(0.8, 1.8, count)
    lands = random.choice([0.0, 0.0, 0.0, 3.2], shape)
    return SpecBatch(
        soundhole_mm=random.uniform(80, 105, count),
        edge_land_mm=random.choice([0.0, 5.0], count) + random.uniform(0.1, 1, count),
        depth_mm=depth,
        inlay_mm=depth + random.uniform(0, 0.6, count),
        gap_mm=random.uniform(0.02, 0.12, count),
        pass_mm=random.uniform(0.3, 0.9, count),
        outer_mm=np.full(count, np.nan),
        ring_count=random.integers(1, MOST_RINGS + 1, count),
        width_mm=random.uniform(0.3, 5, shape),
        land_after_mm=lands,
        tile_length_mm=random.uniform(1, 5, shape),
        strip_mm=np.full(shape, np.nan),
        tapered=random.random(shape) < 0.7,
        pattern=random.integers(0, len(PATTERNS), shape),
        material=random.integers(0, 3, shape),
        palette=("ebony", "holly", "hard-maple"),
    )


def cpu_s(work: Callable[[], object]) -> float:
    """Return the CPU seconds that a function takes."""
    started = time.process_time()
    work()
    return time.process_time() - started


def measured(batch: SpecBatch, context: Context, runs: int) -> dict[str, float]:
    """Return designs a second of the three ways, and the ratios, as medians over the runs."""
    specs = [batch.spec(index) for index in range(min(SAMPLE, len(batch)))]
    score_batch(batch, context)
    rows = []
    for _ in range(runs):
        together = cpu_s(lambda: score_batch(batch, context)) / len(batch)
        one_by_one = cpu_s(lambda: [score(spec, context) for spec in specs]) / len(specs)
        bare = cpu_s(lambda: [score_batch(SpecBatch.of([spec]), context) for spec in specs]) / len(
            specs
        )
        plain = cpu_s(lambda: [plain_score(spec, context) for spec in specs]) / len(specs)
        rows.append((together, one_by_one, bare, plain))
    together, one_by_one, bare, plain = (statistics.median(column) for column in zip(*rows))  # noqa: B905
    return {
        "batch_ms": 1e3 * together * len(batch),
        "batch_per_s": 1 / together,
        "loop_per_s": 1 / one_by_one,
        "bare_loop_per_s": 1 / bare,
        "plain_per_s": 1 / plain,
        "loop_ratio": statistics.median(row[1] / row[0] for row in rows),
        "bare_loop_ratio": statistics.median(row[2] / row[0] for row in rows),
        "plain_ratio": statistics.median(row[3] / row[0] for row in rows),
    }


def main() -> int:
    """Measure, print a table and return 1 when the promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--designs", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    context = context_from_json((EXAMPLES / "om28-context.json").read_bytes()).value
    assert context is not None
    results = {
        count: measured(random_batch(count, seed=count), context, arguments.runs)
        for count in sorted({10, 100, 1_000, arguments.designs})
    }
    print(
        f"{'designs':>8}{'batch':>11}{'batch/s':>11}{'loop/s':>9}{'bare/s':>9}{'plain/s':>9}",
        end="",
    )
    print(f"{'x loop':>9}{'x bare':>9}{'x plain':>9}")
    for count, row in results.items():
        print(
            f"{count:>8}{row['batch_ms']:>9.1f}ms{row['batch_per_s']:>11,.0f}"
            f"{row['loop_per_s']:>9,.0f}{row['bare_loop_per_s']:>9,.0f}{row['plain_per_s']:>9,.0f}"
            f"{row['loop_ratio']:>9.1f}{row['bare_loop_ratio']:>9.1f}{row['plain_ratio']:>9.1f}"
        )
    print("loop: with sentences for the violations; bare: the batch form of one design at a time")
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")
    return int(results[arguments.designs]["loop_ratio"] < PROMISE)


if __name__ == "__main__":
    sys.exit(main())
