"""A second, crude reading of the programs, so that the simulator is not its own witness.

It shares nothing with the planner or the simulator: a regular expression per word, arcs as dense
points, and random points of the board that must be hit by the tool or stay untouched.
"""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from scipy.spatial import cKDTree

from prefect_luthier.rmos.toolpaths.options import CutOptions
from prefect_luthier.rmos.toolpaths.programs import make_programs

STEP_MM = 0.02
MARGIN_MM = 0.01


def cut_points(program: str) -> np.ndarray:
    """Return where the tool's centre is below the surface, ``(N, 3)``."""
    at = {"X": 0.0, "Y": 0.0, "Z": 99.0}
    found = []
    for line in re.sub(r"\(.*?\)", "", program).splitlines():
        words = {letter: float(value) for letter, value in re.findall(r"([A-Z])([-\d.]+)", line)}
        if not {"X", "Y", "Z"} & words.keys():
            continue
        to = at | {axis: words[axis] for axis in "XYZ" if axis in words}
        share = np.linspace(0, 1, 2)[:, None]
        if words["G"] in {2, 3}:
            cx, cy = at["X"] + words["I"], at["Y"] + words["J"]
            a = math.atan2(at["Y"] - cy, at["X"] - cx)
            b = math.atan2(to["Y"] - cy, to["X"] - cx)
            turn = (b - a) % math.tau if words["G"] == 3 else -((a - b) % math.tau)
            radius = math.hypot(at["X"] - cx, at["Y"] - cy)
            share = np.linspace(0, 1, max(2, int(abs(turn) * radius / STEP_MM)))[:, None]
            angle = a + turn * share
            flat = np.hstack((cx + radius * np.cos(angle), cy + radius * np.sin(angle)))
        else:
            begin, end = (np.array([[p["X"], p["Y"]]]) for p in (at, to))
            share = np.linspace(0, 1, max(2, int(math.dist(begin[0], end[0]) / STEP_MM)))[:, None]
            flat = begin + (end - begin) * share
        found.append(np.hstack((flat, at["Z"] + (to["Z"] - at["Z"]) * share)))
        at = to
    points = np.vstack(found)
    return points[points[:, 2] < -1e-6]


DESIGNS = {
    "one-wide-channel": ({"widths": [4.0, 2.0]}, 3.175),
    "three-channels": ({"widths": [1.5, 3.0, 1.5], "lands": [3.2, 3.2, 0.0]}, 1.59),
    "edge-bound": ({"widths": [5.0], "edge": 0.0, "hole": 86.0}, 1.59),
    "as-wide-as-the-tool": ({"widths": [1.59], "glue_gap_mm": 0.0}, 1.59),
}


@pytest.mark.parametrize("direction", ["climb", "conventional"])
@pytest.mark.parametrize("dialect", ["grbl", "linuxcnc"])
@pytest.mark.parametrize("name", DESIGNS)
def test_random_points_of_the_board_are_cut_or_kept(
    name, dialect, direction, make_spec, make_context
):
    """Points in a channel are cut to the depth; points on the land are never touched."""
    values, diameter = DESIGNS[name]
    spec = make_spec(**values)
    options = CutOptions(direction=direction)
    (program,) = make_programs(spec, make_context(diameter), dialect, options)
    path = cut_points(program.text)
    assert path[:, 2].min() == pytest.approx(-spec.channel_depth_mm)
    floor = path[path[:, 2] < -spec.channel_depth_mm + 1e-6]

    random = np.random.default_rng(7)
    first = spec.soundhole_diameter_mm / 2 + spec.edge_land_mm
    last = first + sum(ring.width_mm + ring.land_after_mm for ring in spec.rings)
    radius = random.uniform(first - 3, last + 3, 20_000)
    angle = random.uniform(0, math.tau, 20_000)
    points = np.column_stack((radius * np.cos(angle), radius * np.sin(angle)))

    inside, outside = np.zeros(len(radius), bool), np.ones(len(radius), bool)
    edge = first
    for ring in spec.rings:
        low, high = edge - spec.glue_gap_mm, edge + ring.width_mm + spec.glue_gap_mm
        open_inside = spec.edge_land_mm == 0 and edge == first
        low = edge if open_inside else low
        inside |= (radius > low + MARGIN_MM) & (radius < high - MARGIN_MM)
        outside &= (radius < low - MARGIN_MM) | (radius > high + MARGIN_MM)
        outside &= ~(open_inside & (radius < high + MARGIN_MM))
        edge += ring.width_mm + ring.land_after_mm
    reach = diameter / 2
    to_floor, _ = cKDTree(floor[:, :2]).query(points)
    to_path, _ = cKDTree(path[:, :2]).query(points)
    assert inside.sum() > 1000
    assert outside.sum() > 1000
    assert (to_floor[inside] < reach).all()
    assert (to_path[outside] > reach).all()
