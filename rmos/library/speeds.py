"""Speeds to start from: what the chipload table asks for, within what the machine can do."""

from __future__ import annotations

from dataclasses import dataclass

from prefect_luthier.rmos.library.chiploads import chipload_mm
from prefect_luthier.rmos.library.model import Machine, Material, Tool

_SMALL_CUTTERS_RPM = 24_000
"""IDC Woodcraft's cards say 27,000 for 0.79 to 1.59 mm and 22,000 for 3.175 mm; between them."""

_PLUNGE_SHARE = 0.4
"""Plunge as a share of the feed: the same cards have 0.3 to 0.7, the engine allows 0.5."""

_STEP_MM_MIN = 10


@dataclass(frozen=True)
class Speeds:
    """A spindle speed and the feeds that go with it."""

    spindle_rpm: float
    feed_mm_min: float
    plunge_mm_min: float


def usual_speeds(tool: Tool, material: Material, machine: Machine) -> Speeds:
    """Return speeds that give a cutter its usual chipload on a machine, rounded down."""
    rpm = min(max(_SMALL_CUTTERS_RPM, machine.spindle_min_rpm), machine.spindle_max_rpm)
    chipload = tool.chipload_mm or chipload_mm(tool, material, machine.chipload_class)
    feed = _rounded(min(chipload * tool.flutes * rpm, machine.max_feed_mm_min))
    plunge = _rounded(min(_PLUNGE_SHARE * feed, machine.max_plunge_mm_min))
    return Speeds(rpm, feed, plunge)


def _rounded(feed_mm_min: float) -> float:
    steps = int(feed_mm_min / _STEP_MM_MIN)
    return float(steps * _STEP_MM_MIN) if steps else feed_mm_min
