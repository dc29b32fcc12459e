"""What a simulation found."""

from __future__ import annotations

from typing import Any, Literal

from prefect_luthier.rmos.design.spec import Frozen

FindingCode = Literal[
    "DIALECT",
    "ARC",
    "FEED",
    "PLUNGE",
    "SPINDLE",
    "UNSAFE_START",
    "UNSAFE_END",
    "UNSUPPORTED",
    "RAPID_IN_STOCK",
    "CLEARANCE",
    "STRAIGHT_PLUNGE",
    "STEPDOWN",
    "OUT_OF_MACHINE",
    "GOUGE",
    "UNCUT",
    "DIRECTION",
]
"""`DIALECT`: a word the control does not know. `ARC`: an arc that it refuses. `FEED`, `PLUNGE`:
no feed, or one above the limit. `UNSUPPORTED`: legal, but its outcome is not known from the text.
The others say what they are called."""


class Finding(Frozen):
    """One reason not to run a program."""

    code: FindingCode
    line: int | None = None
    message: str

    def __str__(self) -> str:
        place = f"line {self.line}: " if self.line else ""
        return f"{self.code} {place}{self.message}"


class LevelFigures(Frozen):
    """What was cut at one height."""

    z_mm: float
    swept_mm2: float
    gouge_mm2: float
    uncut_mm2: float


class SimulationReport(Frozen):
    """What a program would do, measured from its text alone."""

    findings: tuple[Finding, ...]
    target_mm2: float
    gouge_mm2: float
    uncut_mm2: float
    uncut_share: float
    wall_deviation_mm: float
    max_depth_mm: float
    max_stepdown_mm: float
    length_mm: float
    cutting_mm: float
    air_mm: float
    rapid_mm: float
    retracts: int
    engagement_mean: float
    engagement_p95: float
    climb_share: float | None
    arc_share: float
    arc_error_mm: float
    feed_max_mm_min: float
    time_s: float
    levels: tuple[LevelFigures, ...]

    @property
    def passed(self) -> bool:
        """Whether the program may be run."""
        return not self.findings

    def to_json(self) -> dict[str, Any]:
        """Return the JSON document, with the answer first."""
        return {"passed": self.passed} | self.model_dump(mode="json")
