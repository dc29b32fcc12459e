"""The picture of a program shows what the cutter sweeps, as the control reads it."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree as ET

import pytest

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import Ring, RosetteSpec
from prefect_luthier.rmos.drawing.svg_toolpath import cut_levels_mm, toolpath_svg
from prefect_luthier.rmos.geometry.radii import channels
from prefect_luthier.rmos.library.library import find_machine, find_material, find_tool
from prefect_luthier.rmos.simulation.interpreter import interpret
from prefect_luthier.rmos.simulation.motion import Motion
from prefect_luthier.rmos.toolpaths.programs import make_programs

SVG = "{http://www.w3.org/2000/svg}"

SPEC = RosetteSpec(
    soundhole_diameter_mm=101.6,
    channel_depth_mm=1.5,
    inlay_thickness_mm=1.7,
    depth_per_pass_mm=0.75,
    rings=(Ring(width_mm=6.0, material="ebony"),),
)
CONTEXT = Context(
    material=find_material("sitka-spruce"),
    top_thickness_mm=2.8,
    tool=find_tool("downcut-1.59"),
    machine=find_machine("shapeoko-3"),
    spindle_rpm=24000,
    feed_mm_min=508,
    plunge_mm_min=254,
)


@pytest.fixture(scope="module")
def motions() -> list[Motion]:
    (program,) = make_programs(SPEC, CONTEXT, "grbl")
    return interpret(program.text, "grbl").motions


def sweeps(picture: str) -> list[ET.Element]:
    return [path for path in ET.fromstring(picture).iter(f"{SVG}path") if path.get("data-level")]


def test_each_depth_is_swept_once(motions: list[Motion]) -> None:
    """One band of the cutter's width for each level, named by its depth."""
    assert cut_levels_mm(motions) == [-0.75, -1.5]
    bands = sweeps(toolpath_svg(SPEC, CONTEXT, motions))
    assert [band.get("data-level") for band in bands] == ["-0.75", "-1.5"]
    assert {band.get("stroke-width") for band in bands} == {"1.59"}


def test_one_depth_can_be_shown_alone(motions: list[Motion]) -> None:
    """The other levels are left out."""
    (band,) = sweeps(toolpath_svg(SPEC, CONTEXT, motions, level_mm=-1.5))
    assert band.get("data-level") == "-1.5"


def test_the_band_fills_the_channel_and_no_more(motions: list[Motion]) -> None:
    """The centre's extreme radii, half a cutter inwards from the channel's walls."""
    (channel,) = channels(SPEC)
    (band,) = sweeps(toolpath_svg(SPEC, CONTEXT, motions, level_mm=-1.5))
    points = re.findall(r"(-?[\d.]+) (-?[\d.]+)(?=[A-Z]|$)", band.get("d", ""))
    radii = [math.hypot(float(x), float(y)) for x, y in points]
    half = CONTEXT.tool.diameter_mm / 2
    assert min(radii) - half == pytest.approx(channel.inner_mm, abs=0.01)
    assert max(radii) + half == pytest.approx(channel.outer_mm, abs=0.01)


@pytest.mark.parametrize(
    ("sweep", "flag"), [(math.pi / 2, 0), (-math.pi / 2, 1)], ids=["left", "right"]
)
def test_arcs_turn_as_the_machine_turns(sweep: float, flag: int) -> None:
    """Y points up on the machine and down in the picture: a left turn stays a left turn."""
    end = (50 * math.cos(sweep), 50 * math.sin(sweep), -1.0)
    arc = Motion(1, rapid=False, start=(50, 0, -1.0), end=end, feed_mm_min=500, spindle_rpm=1,
                 centre=(0.0, 0.0), sweep=sweep)  # fmt: skip
    (band,) = sweeps(toolpath_svg(SPEC, CONTEXT, [arc]))
    assert band.get("d") == f"M50 0A50 50 0 0 {flag} 0 {-50 if sweep > 0 else 50}"


def test_a_whole_circle_is_drawn_whole() -> None:
    """SVG draws nothing for an arc that ends where it began; it is drawn in pieces."""
    start = (50.0, 0.0, -1.0)
    turn = Motion(1, rapid=False, start=start, end=start, feed_mm_min=500, spindle_rpm=1,
                  centre=(0.0, 0.0), sweep=math.tau)  # fmt: skip
    (band,) = sweeps(toolpath_svg(SPEC, CONTEXT, [turn]))
    assert band.get("d", "").count("A") == 3
    assert band.get("d", "").endswith(" 50 0")


def test_a_program_that_cuts_nothing_is_an_empty_board() -> None:
    """No motion, no sweep, no failure."""
    assert sweeps(toolpath_svg(SPEC, CONTEXT, [])) == []
