"""Measure `luthier validate` against `python -c "import prefect"`, in alternating runs.

    python tests/benchmarks/validate_speed.py [--runs N] [--json FILE]

Two promises are checked, for the time on the wall and for that of the processor: a whole
validation takes at most a quarter of importing Prefect, and one of a definition with 1,000 steps
takes less than that import. Each run of a command is followed by one of the import, so that a
busy machine slows both.
"""

from __future__ import annotations

import argparse
import compileall
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).parents[2]
EXAMPLES = PROJECT / "docs" / "examples"
FOLDERS = ("src/prefect_luthier", "ai_builder", "blocks", "deployments", "flows", "rmos", "ui")
IMPORT = [sys.executable, "-c", "import prefect"]
VALIDATE = [
    sys.executable, "-c", "from prefect_luthier.ui.cli.main import main; main()", "validate",
]  # fmt: skip


class Times(NamedTuple):
    """What a command takes."""

    wall_s: float
    cpu_s: float


def many_steps(count: int) -> str:
    """Return a definition of ``count`` steps, each with needs, a condition and expressions."""
    lines = ['id = "many"', "[parameters.folder]", 'type = "path"', 'default = "."']
    for number in range(count):
        lines += [f"[steps.s{number}]", 'run = "ls ${{ params.folder }}"', 'timeout = "60s"']
        if number:
            before = f"s{number - 1}"
            lines += [
                f'needs = ["{before}"]',
                f"when = \"steps.{before}.outputs.stdout != ''\"",
                f'env = {{ BEFORE = "${{{{ steps.{before}.outputs.stdout }}}}" }}',
            ]
    return "\n".join(lines) + "\n"


def timed(command: list[str]) -> Times:
    """Return the time that a command takes; it must succeed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall_s = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Times(wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def measured(command: list[str], runs: int) -> dict[str, float]:
    """Return the median times of a command and of the import beside it, and their ratios."""
    timed(command)
    timed(IMPORT)
    pairs = [(timed(command), timed(IMPORT)) for _ in range(runs)]
    return {
        "seconds": statistics.median(own.wall_s for own, _ in pairs),
        "import_prefect_seconds": statistics.median(base.wall_s for _, base in pairs),
        "ratio": statistics.median(own.wall_s / base.wall_s for own, base in pairs),
        "cpu_ratio": statistics.median(own.cpu_s / base.cpu_s for own, base in pairs),
    }


def main() -> int:
    """Measure, print a table and return 1 when a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
    for folder in FOLDERS:  # as an installation is; a file edited since would be compiled each time
        compileall.compile_dir(PROJECT / folder, quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        big = Path(folder) / "many.toml"
        big.write_text(many_steps(1_000))
        cases = {
            "example without actions": ([str(EXAMPLES / "guarded-backup.toml")], 0.25),
            "example with actions": ([str(EXAMPLES / "repo-digest.toml")], 0.25),
            "1,000 steps": ([str(big)], 1.0),
        }
        results = {
            name: measured([*VALIDATE, *files], arguments.runs) | {"limit": limit}
            for name, (files, limit) in cases.items()
        }
    print(f"{'':26}{'validate':>10}{'import':>10}{'ratio':>8}{'CPU':>8}{'limit':>8}")
    for name, figures in results.items():
        print(
            f"{name:26}{figures['seconds']:>9.3f}s{figures['import_prefect_seconds']:>9.3f}s"
            f"{figures['ratio']:>8.3f}{figures['cpu_ratio']:>8.3f}{figures['limit']:>8.2f}"
        )
    print(json.dumps(results))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")
    return int(any(max(f["ratio"], f["cpu_ratio"]) > f["limit"] for f in results.values()))


if __name__ == "__main__":
    sys.exit(main())
