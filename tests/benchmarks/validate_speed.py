"""Measure `luthier validate` against `python -c "import prefect"`, in alternating runs.

    python tests/benchmarks/validate_speed.py [--runs N] [--json FILE]

Two promises are checked: a whole validation takes at most a quarter of the time of importing
Prefect, and one of a definition with 1,000 steps takes less than that import. Each run of a
command is followed by one of the import, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
IMPORT = [sys.executable, "-c", "import prefect"]
VALIDATE = [
    sys.executable, "-c", "from prefect_luthier.ui.cli.main import main; main()", "validate",
]  # fmt: skip


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


def timed(command: list[str]) -> float:
    """Return the seconds that a command takes; it must succeed."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


def measured(command: list[str], runs: int) -> dict[str, float]:
    """Return the median times of a command and of the import beside it, and their ratio."""
    timed(command)
    timed(IMPORT)
    pairs = [(timed(command), timed(IMPORT)) for _ in range(runs)]
    own, baseline = (statistics.median(column) for column in zip(*pairs, strict=True))
    return {
        "seconds": round(own, 3),
        "import_prefect_seconds": round(baseline, 3),
        "ratio": round(statistics.median(a / b for a, b in pairs), 3),
    }


def main() -> int:
    """Measure, print a table and return 1 when a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    arguments = parser.parse_args()
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
    print(f"{'':26}{'validate':>10}{'import':>10}{'ratio':>8}{'limit':>8}")
    for name, figures in results.items():
        print(
            f"{name:26}{figures['seconds']:>9.3f}s{figures['import_prefect_seconds']:>9.3f}s"
            f"{figures['ratio']:>8.3f}{figures['limit']:>8.2f}"
        )
    print(json.dumps(results))
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")
    return int(any(figures["ratio"] > figures["limit"] for figures in results.values()))


if __name__ == "__main__":
    sys.exit(main())
