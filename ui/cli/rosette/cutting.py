"""How channels are cut: the options of the commands that make programs."""

from __future__ import annotations

import math
from typing import Annotated

import typer

from prefect_luthier.errors import UsageError
from prefect_luthier.rmos.toolpaths.options import CutOptions, Dialect

DialectOption = Annotated[Dialect, typer.Option(help="The control that runs the programs.")]
ClimbOption = Annotated[bool, typer.Option("--climb/--conventional", help="Direction of the cuts.")]
StepoverOption = Annotated[
    float,
    typer.Option(
        min=0.05, max=0.95, help="Distance between circles, as a share of the tool's diameter."
    ),
]
ScoringOption = Annotated[
    float,
    typer.Option(
        min=0, max=0.5, metavar="MM", help="Depth of a first cut along the walls; 0 for none."
    ),
]

ClearanceOption = Annotated[
    float,
    typer.Option(
        min=2,
        max=50,
        metavar="MM",
        help="Height over the soundboard at which the tool travels; above clamps and bridges.",
    ),
]
DwellOption = Annotated[
    float,
    typer.Option(
        min=0, max=60, metavar="S", help="Wait for the spindle to reach its speed, seconds."
    ),
]


def cut_options(
    *, climb: bool, stepover: float, scoring: float, clearance: float, dwell: float
) -> CutOptions:
    """Return what the options ask for.

    Raises:
        UsageError: One of the numbers is none.
    """
    given = {
        "stepover": stepover, "scoring": scoring, "clearance": clearance, "dwell": dwell
    }  # fmt: skip
    wrong = [f"--{name} {value}" for name, value in given.items() if not math.isfinite(value)]
    if wrong:
        raise UsageError("bad-number", f"{' '.join(wrong)}: it must be a number.")
    return CutOptions(
        direction="climb" if climb else "conventional",
        stepover=stepover,
        scoring_mm=scoring,
        clearance_mm=clearance,
        dwell_s=dwell,
    )
