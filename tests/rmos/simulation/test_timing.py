"""Times follow from speed, acceleration and the corners between motions."""

from __future__ import annotations

import math

import pytest

from prefect_luthier.rmos.simulation.interpreter import interpret
from prefect_luthier.rmos.simulation.timing import run_time_s

HEAD = "G21 G90 G17 G94\nG0 Z5\n"


@pytest.fixture
def machine(make_context):
    return make_context().machine  # 400 mm/s², Z 200 mm/s² and 1000 mm/min, 5000 mm/min


def time_of(body: str, machine) -> float:
    start = run_time_s(interpret(HEAD, "grbl").motions, machine)
    return run_time_s(interpret(HEAD + body, "grbl").motions, machine) - start


def test_a_line_is_a_trapezoid(machine):
    """Ten centimetres at 10 mm/s: the way at speed, and one ramp's time more."""
    assert time_of("G1 X100 F600", machine) == pytest.approx(10 + 10 / 400)


def test_a_short_line_never_reaches_its_feed(machine):
    """A millimetre at 5000 mm/min is a triangle of speed."""
    assert time_of("G1 X1 F5000", machine) == pytest.approx(2 * math.sqrt(1 / 400))


def test_straight_joints_cost_nothing(machine):
    """A line in two halves takes as long as in one."""
    whole = time_of("G1 X100 F600", machine)
    assert time_of("G1 X50 F600\nX100", machine) == pytest.approx(whole)


def test_corners_and_reversals_cost_time(machine):
    """A corner slows down, a reversal stops; tangent arcs do not."""
    straight = time_of("G1 X50 F3000\nX100", machine)
    corner = time_of("G1 X50 F3000\nY50", machine)
    reversal = time_of("G1 X50 F3000\nX0", machine)
    assert straight < corner < reversal
    tangent = time_of("G1 X50 F600\nG3 X60 Y10 I0 J10", machine)
    assert tangent == pytest.approx((50 + 5 * math.pi) / 10 + 10 / 400)


def test_small_arcs_are_limited_by_acceleration(machine):
    """At a radius of 1 mm no more than √(a r) is driven, whatever the feed."""
    fast = time_of("G0 X1\nG3 X-1 Y0 I-1 J0 F5000", machine)
    travel = time_of("G0 X1", machine)
    assert fast - travel >= math.pi / math.sqrt(400)


def test_the_z_axis_limits_helices(machine):
    """A steep ramp is no faster than Z can go down, though its feed is higher."""
    assert time_of("G1 X1 Z-95 F5000", machine) >= 100 / (1000 / 60)


def test_dwells_are_added(machine):
    """G4 adds its seconds."""
    assert time_of("G1 X10 F600\nG4 P3", machine) == pytest.approx(
        time_of("G1 X10 F600", machine) + 3
    )
