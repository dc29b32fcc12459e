"""Proofs that nothing can be made: right codes, and never about what can be made."""

from __future__ import annotations

import time
from typing import Any

import pytest

from prefect_luthier.rmos.design.context import Context, Intent
from prefect_luthier.rmos.library.library import (
    find_machine,
    find_material,
    find_tool,
    load_library,
)
from prefect_luthier.rmos.search.numeric import NumericGenerator
from prefect_luthier.rmos.search.policy import default_policy
from prefect_luthier.rmos.search.problem import SearchProblem, state_problem
from prefect_luthier.rmos.search.search import run_search


def problem_of(**changes: Any) -> SearchProblem:
    values = {
        "material": find_material("sitka-spruce"),
        "top_thickness_mm": 2.8,
        "tool": find_tool(changes.pop("tool", "downcut-1.59")),
        "machine": find_machine("shapeoko-3"),
        "spindle_rpm": 24000,
        "feed_mm_min": 508,
        "plunge_mm_min": 254,
    }
    context = Context.model_validate(values | changes)
    return state_problem(context, default_policy(), load_library())


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"top_thickness_mm": 0.9}, "FLOOR"),
        ({"spindle_rpm": 60000}, "SPINDLE"),
        ({"plunge_mm_min": 500}, "PLUNGE"),
        ({"feed_mm_min": 9000}, "ENVELOPE"),
        ({"target_diameter_mm": 900.0}, "ENVELOPE"),
        ({"soundhole_diameter_mm": 100, "target_diameter_mm": 99}, "RADII_ORDER"),
        ({"soundhole_diameter_mm": 100, "target_diameter_mm": 104, "tool": "downcut-6.35"},
         "TOOL_FIT"),
        ({"soundhole_diameter_mm": 100, "target_diameter_mm": 102,
          "intent": Intent(rings=(8, 9))}, "LINE_MIN"),
        ({"intent": Intent(patterns=("shell",), palette=("ebony",))}, "INTENT"),
        ({"material": find_material("abalone")}, "MATERIAL_KNOWN"),
    ],
    ids=["floor", "spindle", "plunge", "feed", "travel", "order", "cutter", "rings", "wishes",
         "no wood"],
)  # fmt: skip
def test_what_cannot_be_made_is_proven(changes: dict[str, Any], code: str) -> None:
    """The search ends at once, exhausted, and names the constraint with its reason."""
    budget = default_policy().budget(50, 10)
    result = run_search(problem_of(**changes), NumericGenerator(), budget, time.monotonic)
    assert (result.status, result.attempts_made, result.best) == ("exhausted", 0, None)
    found = {each.code: each for each in result.binding_constraints}
    assert found[code].proven
    assert found[code].message


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"target_diameter_mm": 116.0},
        {"top_thickness_mm": 1.8},
        {"soundhole_diameter_mm": 100, "target_diameter_mm": 104},
        {"soundhole_diameter_mm": 55, "target_diameter_mm": 70},
        {"target_diameter_mm": 60.0},
        {"tool": "downcut-3.175", "feed_mm_min": 1270, "plunge_mm_min": 381, "spindle_rpm": 22000},
        {"tool": "downcut-0.79", "feed_mm_min": 254, "plunge_mm_min": 120},
        {"intent": Intent(rings=(1, 1))},
        {"intent": Intent(rings=(24, 24), complexity="simple")},
        {"intent": Intent(patterns=("line",), palette=("abalone",), complexity="complex")},
        {"soundhole_diameter_mm": 100, "target_diameter_mm": 150, "intent": Intent(
            rings=(2, 2), patterns=("line",))},
    ],
    ids=["open", "target", "thin", "narrow", "ukulele", "small target", "large cutter",
         "small cutter", "one ring", "24 rings", "one material", "wide lines"],
)  # fmt: skip
def test_what_can_be_made_is_found(changes: dict[str, Any]) -> None:
    """A quick check finds a design inside the wishes, from loose contexts to odd ones."""
    budget = default_policy().budget(quick=True)
    result = run_search(problem_of(**changes), NumericGenerator(), budget, time.monotonic)
    assert result.best is not None, result.binding_constraints
    assert result.best.spec is not None
    assert result.binding_constraints == ()
    assert problem_of(**changes).departures(result.best.spec) == ()
