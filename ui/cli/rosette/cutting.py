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


def cut_options(stepover: float, scoring: float, *, climb: bool) -> CutOptions:
    """Return what the options ask for.

    Raises:
        UsageError: One of the numbers is none.
    """
    if not math.isfinite(stepover) or not math.isfinite(scoring):
        raise UsageError(
            "bad-number", f"--stepover {stepover} --scoring {scoring}: both must be numbers."
        )
    return CutOptions(
        direction="climb" if climb else "conventional", stepover=stepover, scoring_mm=scoring
    )
