"""Usual speeds: the table's chipload, within the machine."""

from __future__ import annotations

import pytest

from prefect_luthier.rmos.library.chiploads import chipload_mm
from prefect_luthier.rmos.library.library import load_library
from prefect_luthier.rmos.library.speeds import usual_speeds

LIBRARY = load_library()
TOOLS = LIBRARY.tools.entries
MACHINES = LIBRARY.machines.entries


@pytest.mark.parametrize("machine", MACHINES.values(), ids=MACHINES)
@pytest.mark.parametrize("tool", TOOLS.values(), ids=TOOLS)
def test_every_pair_stays_within_the_machine(tool, machine) -> None:
    """No speed beyond the spindle, no feed beyond an axis, no plunge faster than half the feed."""
    spruce = LIBRARY.materials.find("sitka-spruce")
    speeds = usual_speeds(tool, spruce, machine)
    assert machine.spindle_min_rpm <= speeds.spindle_rpm <= machine.spindle_max_rpm
    assert 0 < speeds.feed_mm_min <= machine.max_feed_mm_min
    assert 0 < speeds.plunge_mm_min <= min(machine.max_plunge_mm_min, speeds.feed_mm_min / 2)


def test_the_feed_gives_the_chipload_of_the_table() -> None:
    """Feed over teeth and speed is what the table says, rounded down to ten."""
    tool, machine = TOOLS["downcut-3.175"], MACHINES["shapeoko-3"]
    maple = LIBRARY.materials.find("hard-maple")
    speeds = usual_speeds(tool, maple, machine)
    wanted = chipload_mm(tool, maple, machine.chipload_class)
    given = speeds.feed_mm_min / (tool.flutes * speeds.spindle_rpm)
    assert wanted * 0.97 < given <= wanted


def test_the_makers_own_chipload_comes_first() -> None:
    """A cutter that states its chipload is fed by that."""
    tool = TOOLS["downcut-1.59"].model_copy(update={"chipload_mm": 0.02})
    speeds = usual_speeds(tool, LIBRARY.materials.find("sitka-spruce"), MACHINES["shapeoko-3"])
    assert speeds.feed_mm_min == 960


def test_a_very_small_feed_is_not_rounded_away() -> None:
    """Below ten it stays as it is, and never becomes nothing."""
    tool = TOOLS["downcut-0.79"].model_copy(update={"chipload_mm": 0.0001})
    speeds = usual_speeds(tool, LIBRARY.materials.find("ebony"), MACHINES["shapeoko-3"])
    assert speeds.feed_mm_min == pytest.approx(4.8)
