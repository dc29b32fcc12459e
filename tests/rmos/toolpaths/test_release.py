"""Released programs cut what the design wants, and nothing else."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from prefect_luthier.errors import LuthierError
from prefect_luthier.rmos.design.spec import Ring
from prefect_luthier.rmos.geometry.radii import channels
from prefect_luthier.rmos.simulation.interpreter import interpret
from prefect_luthier.rmos.toolpaths.circles import circle_count, levels_mm
from prefect_luthier.rmos.toolpaths.folder import toolpaths
from prefect_luthier.rmos.toolpaths.options import CutOptions
from prefect_luthier.rmos.toolpaths.programs import Program, make_programs
from prefect_luthier.rmos.toolpaths.release import (
    ProgramRefused,
    verified_programs,
    verify_programs,
)

GOLDEN = json.loads(Path(__file__).with_name("golden.json").read_text())
WAYS = {"grbl-climb": ("grbl", "climb"), "linuxcnc-conventional": ("linuxcnc", "conventional")}
CROSSED = {"grbl-conventional": ("grbl", "conventional"), "linuxcnc-climb": ("linuxcnc", "climb")}


def golden_runs():
    for name, case in GOLDEN.items():
        for diameter in (0.79, 1.59, 3.175):
            if diameter > min(case["widths"]) + 0.1 and any(case["lands"]):
                continue  # a channel of its own, thinner than the tool
            if diameter < 1 and sum(case["widths"]) > 6:
                continue  # hours of cutting that nobody would choose
            for way, (dialect, direction) in (WAYS | CROSSED).items():
                if way in WAYS or (name, diameter) == ("parlor-95", 1.59):
                    yield pytest.param(
                        case, diameter, dialect, direction, id=f"{name}-{diameter}-{way}"
                    )


def bound_mm(spec, diameter_mm: float, stepover: float) -> float:
    """Return circles x passes x circumference of the channels' middles."""
    return sum(
        circle_count(channel.width_mm - diameter_mm, stepover * diameter_mm)
        * len(levels_mm(channel.depth_mm, spec.depth_per_pass_mm))
        * math.pi
        * (channel.inner_mm + channel.outer_mm)
        for channel in channels(spec)
    )


@pytest.mark.parametrize(("case", "diameter", "dialect", "direction"), list(golden_runs()))
def test_golden_designs_are_cut_exactly(
    case, diameter, *, dialect, direction, make_spec, make_context
):
    """Each golden design passes: no gouge, nothing left, little more than the circles' length."""
    spec = make_spec(
        case["widths"],
        case["lands"],
        hole=case["hole"],
        edge=case["edge"],
        depth=case["depth"],
        per_pass=0.375 if diameter < 1 else 0.75,
    )
    options = CutOptions(direction=direction)
    (verified,) = verified_programs(spec, make_context(diameter), dialect, options)
    report = verified.report
    assert report.findings == ()
    assert report.gouge_mm2 == 0
    assert report.uncut_share <= 0.001
    assert report.wall_deviation_mm < 0.001
    assert report.max_depth_mm == pytest.approx(case["depth"])
    assert report.length_mm <= 1.02 * bound_mm(spec, diameter, options.stepover)
    assert report.retracts == len(channels(spec))
    assert report.arc_share > 0.99
    assert (report.climb_share > 0.6) == (direction == "climb")


EXTREMES = {
    "channel-as-wide-as-the-tool": {"widths": [1.59], "glue_gap_mm": 0.0},
    "a-hair-wider-than-the-tool": {"widths": [1.6], "glue_gap_mm": 0.0},
    "very-wide": {"widths": [22.0], "hole": 84.0},
    "twelve-rings": {"widths": [1.7] * 12, "lands": [1.0] * 11 + [0.0]},
    "many-passes": {"widths": [4.0], "depth": 2.0, "per_pass": 0.38},
    "one-shallow-pass": {"widths": [1.59], "depth": 0.7, "per_pass": 1.0, "glue_gap_mm": 0.0},
    "edge-bound-and-thinner-than-the-tool": {"widths": [1.0], "edge": 0.0},
    "small-hole": {"widths": [4.0], "hole": 6.0, "edge": 0.0},
}


@pytest.mark.parametrize("name", EXTREMES)
def test_extreme_designs_are_cut_exactly(name, make_spec, make_context):
    """Designs at the edge of what is possible pass in both dialects."""
    spec = make_spec(**EXTREMES[name])
    (verified,) = verified_programs(spec, make_context(), "grbl")
    assert verified.report.passed
    assert verified.report.gouge_mm2 == 0
    grbl = interpret(verified.program.text, "grbl")
    other = interpret(make_programs(spec, make_context(), "linuxcnc")[0].text, "linuxcnc")
    assert [(m.start, m.end, m.sweep) for m in grbl.motions] == [
        (m.start, m.end, m.sweep) for m in other.motions
    ]


@st.composite
def designs(draw):
    count = draw(st.integers(1, 3))
    widths = [round(draw(st.floats(0.8, 5.0)), 2) for _ in range(count)]
    lands = [draw(st.sampled_from([0.0, 1.0, 2.4])) for _ in range(count)]
    return {
        "widths": widths,
        "lands": lands,
        "hole": round(draw(st.floats(70, 110)), 1),
        "edge": draw(st.sampled_from([0.0, 2.5, 5.0])),
        "depth": round(draw(st.floats(0.7, 2.0)), 2),
        "per_pass": draw(st.sampled_from([0.5, 0.79, 1.5])),
        "glue_gap_mm": draw(st.sampled_from([0.0, 0.05, 0.1])),
    }


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
@given(
    values=designs(),
    diameter=st.sampled_from([0.79, 1.59, 3.175]),
    stepover=st.sampled_from([0.3, 0.4, 0.65, 0.95]),
    direction=st.sampled_from(["climb", "conventional"]),
    dialect=st.sampled_from(["grbl", "linuxcnc"]),
)
def test_any_design_that_fits_is_cut_exactly(
    values, diameter, *, stepover, direction, dialect, make_spec, make_context
):
    """Whatever the rings, tool, stepover and direction: what can be planned passes."""
    spec = make_spec(**values)
    assume(all(c.edge_bound or c.width_mm >= diameter for c in channels(spec)))
    options = CutOptions(direction=direction, stepover=stepover)
    (verified,) = verified_programs(spec, make_context(diameter), dialect, options)
    assert verified.report.gouge_mm2 == 0
    assert verified.report.uncut_share <= 0.001
    assert max(len(line) for line in verified.program.text.splitlines()) <= 79


@pytest.mark.parametrize("widths", [[1.59], [2.0], [8.0]], ids=["one", "two", "many"])
@pytest.mark.parametrize("direction", ["climb", "conventional"])
def test_walls_can_be_scored_first(widths, direction, make_spec, make_context):
    """A shallow level along the walls comes before the first pass, and the rest stays exact."""
    spec = make_spec(widths, glue_gap_mm=0.0)
    options = CutOptions(direction=direction, scoring_mm=0.2)
    report = verified_programs(spec, make_context(), "grbl", options)[0].report
    assert [level.z_mm for level in report.levels] == [-0.2, -0.75, -1.5]
    assert report.gouge_mm2 == 0
    assert report.max_stepdown_mm <= 0.75
    plain = verified_programs(spec, make_context(), "grbl", CutOptions(direction=direction))
    turns = (report.length_mm - plain[0].report.length_mm) / (2 * math.pi * 56)
    assert turns == pytest.approx(1 if widths == [1.59] else 2, abs=0.3)


def test_the_same_input_gives_the_same_bytes_in_another_process(make_spec, make_context):
    """A fresh interpreter with other hash seeds writes the same program."""
    spec, context = make_spec([0.5, 4.0], [3.2, 0.0], edge=0.0), make_context(0.79)
    code = (
        "import sys\n"
        "from prefect_luthier.rmos.design.context import Context\n"
        "from prefect_luthier.rmos.design.spec import RosetteSpec\n"
        "from prefect_luthier.rmos.toolpaths.programs import make_programs\n"
        "spec = RosetteSpec.model_validate_json(sys.argv[1])\n"
        "context = Context.model_validate_json(sys.argv[2])\n"
        "print(*[p.sha256 for d in ('grbl', 'linuxcnc') for p in make_programs(spec, context, d)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, spec.model_dump_json(), context.model_dump_json()],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONHASHSEED": "4711"},
    )
    here = [p.sha256 for d in ("grbl", "linuxcnc") for p in make_programs(spec, context, d)]
    assert done.stdout.split() == here


def test_a_program_that_fails_is_not_released(make_spec, make_context):
    """A program with a fault raises, with its report; nothing is returned."""
    spec, context = make_spec([4.0]), make_context()
    (program,) = make_programs(spec, context, "grbl")
    faulty = Program(program.name, "grbl", program.text.replace("Z-1.5000", "Z-1.8000"))
    with pytest.raises(ProgramRefused) as refused:
        verify_programs((faulty,), spec, context, CutOptions())
    assert not refused.value.report.passed
    document = refused.value.to_json()
    assert document["code"] == "program-refused"
    assert {f["code"] for f in document["verification"]["findings"]} >= {"GOUGE"}


def test_a_tool_that_does_not_fit_is_named(make_spec, make_context):
    """A channel thinner than the tool is an error with both sizes."""
    with pytest.raises(LuthierError) as refused:
        make_programs(make_spec([0.5]), make_context(1.59), "grbl")
    assert refused.value.code == "tool-too-wide"
    assert "1.59" in refused.value.message
    assert "0.600" in refused.value.message


def test_a_tool_that_cannot_turn_is_named(make_spec, make_context):
    """A soundhole in inches leaves no room; the advice asks for millimetres."""
    with pytest.raises(LuthierError) as refused:
        make_programs(make_spec([1.0], hole=0.4, edge=0.0), make_context(3.175), "grbl")
    assert refused.value.code == "no-room-to-turn"
    assert "millimetres" in refused.value.advice


@pytest.mark.parametrize("values", [{"per_pass": 1e-9}, {"per_pass": 0.001, "widths": [8.0]}])
def test_passes_beyond_reason_are_refused_at_once(values, make_spec, make_context):
    """Depths far below a shaving do not make a program of millions of lines."""
    with pytest.raises(LuthierError) as refused:
        make_programs(make_spec(**({"widths": [4.0]} | values)), make_context(), "grbl")
    assert refused.value.code == "too-many-passes"


@pytest.mark.parametrize(
    "values",
    [
        {"pattern": "tiles", "tile_length_mm": 0.01},
        {"pattern": "tiles", "tile_length_mm": 5e-324},
        {"pattern": "shell", "tile_length_mm": 1e-9},
        {"strip_thickness_mm": 1e-9},
    ],
    ids=["tiles", "dust", "arcs", "strips"],
)
def test_pieces_beyond_reason_are_refused_at_once(values, make_spec, make_context):
    """An override does not make a drawing of millions of tiles."""
    spec = make_spec([4.0])
    ring = Ring(width_mm=4.0, material="ebony", **values)
    with pytest.raises(LuthierError) as refused:
        toolpaths(spec.model_copy(update={"rings": (ring,)}), make_context(), "grbl")
    assert refused.value.code == "too-many-pieces"


def test_a_speed_that_the_spindle_lacks_is_refused(make_spec, make_context):
    """The spindle's range bounds the speed."""
    with pytest.raises(LuthierError) as refused:
        make_programs(make_spec([4.0]), make_context(spindle_rpm=40000), "grbl")
    assert refused.value.code == "spindle-out-of-range"


def test_feeds_stay_within_the_machine(make_spec, make_context):
    """A slow machine slows the program down; its Z axis bounds the ramps."""
    machine = {"max_feed_mm_min": 300, "max_plunge_mm_min": 90}
    (verified,) = verified_programs(make_spec([4.0]), make_context(machine=machine), "grbl")
    feeds = {m.feed_mm_min for m in interpret(verified.program.text, "grbl").motions if not m.rapid}
    assert feeds == {300.0, 90.0}
