"""Kill workers at every point around an effect, for many seeds; count what became of the messages.

    python tests/benchmarks/effect_chaos.py [--seeds N] [--first N] [--json FILE]

Each scenario is one message: a worker is killed at the point, others come after it, and in the end
there must be one message, or, with SMTP only, a person who is asked. Uses a private PostgreSQL in a
temporary folder and providers that are played over real HTTP and SMTP.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from prefect_luthier.blocks import private_postgres
from prefect_luthier.deployments.migrations.upgrade import upgrade

sys.path.append(str(Path(__file__).parents[1] / "chaos"))

import scenarios


def measure(folder: Path, seeds: range) -> dict[str, object]:
    """Run every point with every seed."""
    url = private_postgres.ensure_running(folder)
    upgrade(url)
    count: Counter[str] = Counter()
    problems = []
    started = time.monotonic()
    with scenarios.playing() as providers:
        nursery = scenarios.Nursery(url)
        for point in scenarios.POINTS:
            for seed in seeds:
                verdict = scenarios.crash(nursery, providers, point, seed)
                count["scenarios"] += 1
                count["asked a person" if verdict.escalated else "sent once"] += 1
                if verdict.problem:
                    problems.append(verdict.problem)
                    print(verdict.problem)
            print(f"{point:<22} {len(seeds)} seeds, {len(problems)} problems so far")
        nursery.close()
    return dict(count) | {
        "points": len(scenarios.POINTS),
        "lost": sum("lost" in problem for problem in problems),
        "doubled": sum("times" in problem for problem in problems),
        "problems": problems,
        "seconds": round(time.monotonic() - started, 1),
    }


def main() -> int:
    """Read the arguments and measure; return 1 when a message was lost or doubled."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="luthier-bench-") as name:
        try:
            seeds = range(arguments.first, arguments.first + arguments.seeds)
            figures = measure(Path(name), seeds)
        finally:
            private_postgres.stop(Path(name))
    print(json.dumps(figures, indent=2))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    return int(bool(figures["problems"]))


if __name__ == "__main__":
    sys.exit(main())
