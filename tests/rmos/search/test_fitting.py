"""Fitting ideas: whatever is proposed, the design keeps to the problem and to the intent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefect_luthier.rmos.design.context import Context, Intent
from prefect_luthier.rmos.geometry.radii import outer_diameter_mm
from prefect_luthier.rmos.library.library import (
    find_machine,
    find_material,
    find_tool,
    load_library,
)
from prefect_luthier.rmos.search.box import Ranges, dimensions, idea_at
from prefect_luthier.rmos.search.fitting import fit, proportional
from prefect_luthier.rmos.search.idea import Idea, RingIdea, idea_of
from prefect_luthier.rmos.search.infeasible import proof
from prefect_luthier.rmos.search.policy import default_policy
from prefect_luthier.rmos.search.problem import SearchProblem, state_problem

PATTERNS = ("line", "solid", "herringbone", "rope", "mosaic", "tiles", "shell")
MATERIALS = ("ebony", "hard-maple", "abalone", "bone", "koa", "sitka-spruce", "black-fibre")
WILD = Ranges((0, 30), (0.1, 5), (-1, 2), (0, 1), (0.01, 5), (0, 20))


def problem_of(**wishes: Any) -> SearchProblem:
    sizes = {name: wishes.pop(name) for name in list(wishes) if name.endswith("_mm")}
    context = Context(
        material=find_material("sitka-spruce"),
        top_thickness_mm=2.8,
        tool=find_tool("downcut-1.59"),
        machine=find_machine("shapeoko-3"),
        spindle_rpm=24000,
        feed_mm_min=508,
        plunge_mm_min=254,
        intent=Intent(**wishes),
        **sizes,
    )
    return state_problem(context, default_policy(), load_library())


wishes = st.fixed_dictionaries(
    {},
    optional={
        "rings": st.tuples(st.integers(1, 12), st.integers(1, 12)).map(
            lambda pair: (min(pair), max(pair))
        ),
        "patterns": st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=4).map(tuple),
        "palette": st.lists(st.sampled_from(MATERIALS), min_size=1, max_size=4).map(tuple),
        "complexity": st.sampled_from(["simple", "medium", "complex"]),
        "target_diameter_mm": st.floats(90, 150),
        "soundhole_diameter_mm": st.floats(60, 84),
    },
)


@settings(max_examples=60, deadline=None)
@given(wishes, st.integers(0, 2**32 - 1))
def test_no_idea_leaves_the_intent(wished: dict[str, Any], seed: int) -> None:
    """Ring count, patterns, palette, variety and diameter are kept for any point of any box."""
    problem = problem_of(**wished)
    if proof(problem):
        return
    random = np.random.default_rng(seed)
    for ranges in (WILD, Ranges.makeable(problem)):
        spec = fit(problem, idea_at(problem, random.random(dimensions(problem)), ranges))
        assert problem.departures(spec) == ()
        assert all(ring.width_mm > 0 for ring in spec.rings)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(
            RingIdea,
            width_mm=st.floats(0.001, 50),
            pattern=st.sampled_from(PATTERNS),
            material=st.sampled_from([*MATERIALS, "unobtainium"]),
            land_after_mm=st.floats(0, 50),
        ),
        min_size=1,
        max_size=20,
    ),
    st.floats(0, 60),
)
def test_no_rings_of_others_leave_the_intent(rings: list[RingIdea], edge_mm: float) -> None:
    """Rings as a model may propose them, too many, too wide, of anything, are brought back."""
    problem = problem_of(
        rings=(3, 7),
        patterns=("herringbone", "line"),
        complexity="medium",
        target_diameter_mm=116.0,
    )
    idea = Idea(tuple(rings), 300.0, None, edge_mm, 1.0, 0.2, 0.05, 0.5)
    spec = fit(problem, idea)
    assert problem.departures(spec) == ()
    assert outer_diameter_mm(spec) == pytest.approx(116.0, abs=1e-3)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"target_diameter_mm": 120.0}, "outer diameter is 116.000 mm, not 120 mm"),
        ({"soundhole_diameter_mm": 90.0}, "the soundhole is"),
        ({"rings": (6, 7)}, "3 rings; 6 to 7 are wanted"),
        ({"patterns": ("rope",)}, "ring 1 is line, which is not wanted"),
        ({"palette": ("koa",)}, "line of ebony, which is not wanted"),
        ({"complexity": "complex"}, "different patterns; 3 to 6 are wanted"),
    ],
    ids=["diameter", "soundhole", "count", "pattern", "material", "variety"],
)
def test_departures_are_seen(change: dict[str, Any], says: str) -> None:
    """The guard itself sees every kind of departure: a generator that strays is caught."""
    same = {"target_diameter_mm": 116.0, "rings": (3, 3), "palette": ("ebony",)}
    kept = problem_of(**same, patterns=("line", "solid"))
    line = RingIdea(1.0, "line", "ebony")
    idea = Idea((line, replace(line, pattern="solid"), line), 100.0, 8.0, 5.0, 1, 0.2, 0.05, 0.5)
    spec = fit(kept, idea)
    assert kept.departures(spec) == ()
    wished = {"target_diameter_mm": 116.0} | change
    assert any(says in each for each in problem_of(**wished).departures(spec))


def test_a_fitted_design_fits_to_itself() -> None:
    """An idea made of a design gives the design again: steps start where the last one ended."""
    problem = problem_of(target_diameter_mm=116.0, rings=(3, 7))
    random = np.random.default_rng(3)
    for _ in range(50):
        ranges = Ranges.makeable(problem)
        spec = fit(problem, idea_at(problem, random.random(dimensions(problem)), ranges))
        again = fit(problem, idea_of(spec))
        assert again.soundhole_diameter_mm == spec.soundhole_diameter_mm
        assert [ring.width_mm for ring in again.rings] == pytest.approx(
            [ring.width_mm for ring in spec.rings], abs=0.02
        )


@given(
    st.lists(st.floats(0.1, 10), min_size=1, max_size=8), st.floats(0.05, 200), st.floats(0.01, 0.5)
)
def test_proportions_come_to_the_total(wished: list[float], total: float, low: float) -> None:
    """The numbers sum up to the total, whatever the bounds."""
    found = proportional(wished, [(low, 12.0)] * len(wished), total, thinnest=0.01)
    assert sum(found) == pytest.approx(total)
    assert all(number > 0 for number in found)


def test_wishes_that_overlap_are_narrowed_and_others_win() -> None:
    """Complexity narrows stated ring counts where both can be had; else what is stated wins."""
    medium: Callable[..., SearchProblem] = lambda rings: problem_of(  # noqa: E731
        rings=rings, complexity="medium"
    )
    assert medium((1, 5)).rings == (3, 5)
    assert medium((1, 2)).rings == (1, 2)
    assert medium((1, 2)).pattern_variety[0] == 1
