"""What the maker may choose about the cutting."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from prefect_luthier.rmos.design.spec import Frozen

Dialect = Literal["grbl", "linuxcnc"]
Direction = Literal["climb", "conventional"]

DIALECTS: tuple[Dialect, ...] = ("grbl", "linuxcnc")

RESOLUTION_MM = 1e-4
"""Smallest step that a program writes: four decimals."""


class CutOptions(Frozen):
    """How the channels are cut."""

    direction: Direction = Field(
        default="climb",
        description="Climb cuts with the wood on the right of the tool's way, conventional with "
        "it on the left.",
    )
    stepover: float = Field(
        default=0.4,
        ge=0.05,
        le=0.95,
        allow_inf_nan=False,
        description="Distance between circles, as a share of the tool's diameter.",
    )
    scoring_mm: float = Field(
        default=0.0,
        ge=0,
        le=0.5,
        allow_inf_nan=False,
        description="Depth of a first, shallow cut along the walls, so that wood does not tear "
        "out across the grain; 0 for none.",
    )
    clearance_mm: float = Field(
        default=5.0,
        ge=2.0,
        le=50.0,
        allow_inf_nan=False,
        description="Height over the soundboard at which the tool travels.",
    )
    dwell_s: float = Field(
        default=4.0,
        ge=0,
        le=60,
        allow_inf_nan=False,
        description="Wait for the spindle to reach its speed.",
    )
