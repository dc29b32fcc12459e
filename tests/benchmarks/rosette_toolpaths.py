"""Measure toolpaths of the example rosettes: length against the bound, verification, speed.

    python tests/benchmarks/rosette_toolpaths.py [--runs N] [--json FILE]

The bound is circles x passes x circumference, with n = 1 + ceil((w - D) / stepover) circles in a
channel of width w. Promised, for every design, tool and direction that the tool fits: at most
1.02 times the bound, no gouge, at most 0.1 % uncut; and the OM-28 is simulated in under a second.

Beside it stands the time of a program that makes the same circles the usual way: straight down to
each circle at the plunge feed, around, up to the clearance. Every figure comes from the replayed
text of the programs, the planner's own numbers are not used.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from prefect_luthier.errors import LuthierError
from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.reading import context_from_json, spec_from_json
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.geometry.radii import channels
from prefect_luthier.rmos.simulation.interpreter import interpret
from prefect_luthier.rmos.simulation.simulate import Job, simulate
from prefect_luthier.rmos.simulation.timing import run_time_s
from prefect_luthier.rmos.toolpaths.options import CutOptions
from prefect_luthier.rmos.toolpaths.programs import make_programs

EXAMPLES = Path(__file__).parents[2] / "docs/examples/rosette"
DESIGNS = (
    "om28-herringbone",
    "style28-3ring",
    "torres-84",
    "toolbox-86",
    "abalone-102",
    "parlor-95",
    "carlos-9",
)
TOOLS = {0.79: (27000, 254, 178), 1.59: (27000, 508, 254), 3.175: (22000, 1270, 381)}
MOST_RATIO, MOST_UNCUT, MOST_SIMULATE_S = 1.02, 0.001, 1.0


def context_for(diameter_mm: float) -> Context:
    """Return the example context with another cutter and its maker's speeds."""
    values = json.loads((EXAMPLES / "om28-context.json").read_text())
    rpm, feed, plunge = TOOLS[diameter_mm]
    values["tool"]["diameter_mm"] = diameter_mm
    values |= {"spindle_rpm": rpm, "feed_mm_min": feed, "plunge_mm_min": plunge}
    context = context_from_json(json.dumps(values), "context").value
    assert context is not None
    return context


def design(name: str, diameter_mm: float) -> RosetteSpec:
    """Return an example design; passes are half as deep with the thinnest cutter."""
    spec = spec_from_json((EXAMPLES / f"{name}.json").read_text(), name).value
    assert spec is not None
    return spec.model_copy(update={"depth_per_pass_mm": 0.38 if diameter_mm < 1 else 0.75})


def circles(width_mm: float, diameter_mm: float, stepover: float) -> int:
    """Return the bound's number of circles in one level of a channel."""
    span = width_mm - diameter_mm
    return 1 + max(0, math.ceil(span / (stepover * diameter_mm) - 1e-6))


def bound_mm(spec: RosetteSpec, diameter_mm: float, stepover: float) -> float:
    """Return circles x passes x circumference of each channel's middle."""
    passes = math.ceil(spec.channel_depth_mm / spec.depth_per_pass_mm - 1e-9)
    return sum(
        circles(channel.width_mm, diameter_mm, stepover)
        * passes
        * math.pi
        * (channel.inner_mm + channel.outer_mm)
        for channel in channels(spec)
    )


def usual_program(spec: RosetteSpec, context: Context, stepover: float) -> str:
    """Return a program with a plunge and a retract for every circle."""
    diameter = context.tool.diameter_mm
    passes = math.ceil(spec.channel_depth_mm / spec.depth_per_pass_mm - 1e-9)
    lines = ["G21 G90 G17 G94", "G0 Z5", f"M3 S{context.spindle_rpm:.0f}", "G4 P4"]
    for channel in channels(spec):
        count = circles(channel.width_mm, diameter, stepover)
        for level in range(1, passes + 1):
            for index in range(count):
                share = index / max(1, count - 1)
                first, last = channel.inner_mm + diameter / 2, channel.outer_mm - diameter / 2
                radius = first + (last - first) * share
                lines += [
                    f"G0 X{radius:.4f} Y0",
                    f"G1 Z{-spec.channel_depth_mm * level / passes:.4f} F{context.plunge_mm_min}",
                    f"G3 X{-radius:.4f} Y0 I{-radius:.4f} J0 F{context.feed_mm_min}",
                    f"G3 X{radius:.4f} Y0 I{radius:.4f} J0",
                    "G0 Z5",
                ]
    return "\n".join([*lines, "M30"]) + "\n"


def seconds(work: Callable[[], Any], runs: int) -> float:
    """Return the median time of some work."""
    times = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def measured(name: str, diameter_mm: float, direction: str, runs: int) -> dict[str, Any] | None:
    """Return the figures of one program; None when the tool does not fit."""
    spec, context = design(name, diameter_mm), context_for(diameter_mm)
    options = CutOptions.model_validate({"direction": direction})
    try:
        (program,) = make_programs(spec, context, "grbl", options)
    except LuthierError:
        return None
    job = Job(spec, context, direction)
    report = simulate(program.text, "grbl", job)
    usual = interpret(usual_program(spec, context, options.stepover), "grbl").motions
    return {
        "design": name,
        "tool_mm": diameter_mm,
        "direction": direction,
        "passed": report.passed,
        "length_mm": report.length_mm,
        "ratio": report.length_mm / bound_mm(spec, diameter_mm, options.stepover),
        "gouge_mm2": report.gouge_mm2,
        "uncut_share": report.uncut_share,
        "wall_deviation_mm": report.wall_deviation_mm,
        "air_mm": report.air_mm,
        "climb_share": report.climb_share,
        "engagement_p95": report.engagement_p95,
        "time_s": report.time_s,
        "time_against_usual": report.time_s / run_time_s(usual, context.machine),
        "plan_s": seconds(lambda: make_programs(spec, context, "grbl", options), runs),
        "simulate_s": seconds(lambda: simulate(program.text, "grbl", job), runs),
    }


def all_measured(runs: int) -> Iterator[dict[str, Any]]:
    """Yield the figures of every design, tool and direction that fits."""
    for name in DESIGNS:
        for diameter in TOOLS:
            for direction in ("climb", "conventional"):
                figures = measured(name, diameter, direction, runs)
                if figures:
                    yield figures


def is_kept(row: dict[str, Any]) -> bool:
    """Return whether one row keeps what is promised."""
    fast = row["simulate_s"] < MOST_SIMULATE_S
    return bool(
        row["passed"]
        and row["ratio"] <= MOST_RATIO
        and row["gouge_mm2"] == 0
        and row["uncut_share"] <= MOST_UNCUT
        and (fast or row["design"] != "om28-herringbone" or row["tool_mm"] < 1)
    )


def main() -> int:
    """Measure, print a table and return 1 when a promise is not kept."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3, help="timed runs of each program")
    parser.add_argument("--json", type=Path, help="file for the figures")
    arguments = parser.parse_args()
    print(
        f"{'design':<18}{'tool':>6} {'way':<13}{'length':>9}{'bound':>8}{'gouge':>7}{'uncut':>9}"
        f"{'air':>7}{'climb':>7}{'time':>8}{'usual':>7}{'plan':>9}{'sim':>7}"
    )
    rows = []
    for row in all_measured(arguments.runs):
        rows.append(row)
        print(
            f"{row['design']:<18}{row['tool_mm']:>6} {row['direction']:<13}"
            f"{row['length_mm'] / 1000:>7.2f} m{row['ratio']:>8.4f}{row['gouge_mm2']:>7.3f}"
            f"{row['uncut_share']:>9.4%}{row['air_mm']:>5.0f} mm{row['climb_share']:>6.0%}"
            f"{row['time_s'] / 60:>6.1f} m{row['time_against_usual']:>7.2f}"
            f"{row['plan_s'] * 1000:>6.1f} ms{row['simulate_s']:>5.2f} s"
            f"{'' if is_kept(row) else '  NOT KEPT'}"
        )
    print(
        f"\n{len(rows)} programs: length at most {max(r['ratio'] for r in rows):.4f} of the bound, "
        f"gouge {max(r['gouge_mm2'] for r in rows):.3f} mm², uncut at most "
        f"{max(r['uncut_share'] for r in rows):.4%}"
    )
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=2) + "\n")
    return 0 if all(is_kept(row) for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
