"""Rosettes that exist can be made; designs that cannot be made are blocked for the right reason."""

from __future__ import annotations

import pytest

from prefect_luthier.rmos.feasibility.engine import score

FEASIBLE = [
    ("om28-herringbone", "om28-context"),
    ("style28-3ring", "om28-context"),
    ("torres-84", "classical-context"),
    ("toolbox-86", "om28-context"),
    ("abalone-102", "om28-context"),
    ("parlor-95", "om28-context"),
    ("carlos-9", "om28-context"),
]
BLOCKED = [
    ("blocked-floor", "classical-context", "FLOOR", 0.3),
    ("blocked-tool-fit", "fine-cutter-context", "TOOL_FIT", 0.8),
    ("blocked-doc", "fine-cutter-context", "DOC", 2.4),
    ("blocked-land", "om28-context", "LAND", 0.15),
    ("blocked-proud", "om28-context", "PROUD", -0.5),
    ("blocked-envelope", "om28-context", "ENVELOPE", 432.51),
]


@pytest.mark.parametrize(("design", "conditions"), FEASIBLE, ids=[name for name, _ in FEASIBLE])
def test_known_rosettes_are_allowed(design, conditions, example_spec, example_context):
    """A rosette that has been built is never RED, and scores above every blocked design."""
    verdict = score(example_spec(design), example_context(conditions))
    assert verdict.decision == "ALLOW", verdict.violations
    assert verdict.risk != "RED"
    assert 50 < verdict.score < 100


@pytest.mark.parametrize("case", FEASIBLE, ids=[name for name, _ in FEASIBLE])
@pytest.mark.parametrize("change", ["other-target", "straight-tiles", "fine-cutter"])
def test_known_rosettes_stay_allowed(case, change, example_spec, example_context, with_values):
    """Another wanted diameter, tiles that are not tapered or a finer cutter only warn."""
    spec, context = example_spec(case[0]), example_context(case[1])
    if change == "other-target":
        context = with_values(context, target_diameter_mm=140.0)
    elif change == "straight-tiles":
        rings = [ring.model_copy(update={"tile_tapered": False}) for ring in spec.rings]
        spec = with_values(spec, rings=rings)
    else:
        fine = example_context("fine-cutter-context")
        context = with_values(fine, top_thickness_mm=context.top_thickness_mm)
        spec = with_values(spec, depth_per_pass_mm=0.38)
    assert score(spec, context).decision == "ALLOW"


@pytest.mark.parametrize("case", BLOCKED, ids=[case[0] for case in BLOCKED])
def test_impossible_designs_are_blocked(case, example_spec, example_context):
    """A design that cannot be made is blocked, with the code and the measured value."""
    design, conditions, code, measured = case
    verdict = score(example_spec(design), example_context(conditions))
    assert verdict.decision == "BLOCK"
    assert verdict.score < 40
    red = [each for each in verdict.violations if each.severity == "RED"]
    assert {each.code for each in red} >= {code}
    (first, *_) = [each for each in red if each.code == code]
    assert first.measured == pytest.approx(measured, abs=1e-6)


def test_torres_cut_too_deep_leaves_three_tenths(example_spec, example_context):
    """A channel of 2.2 mm in a top of 2.5 mm leaves a floor of 0.3 mm."""
    spec = example_spec("blocked-floor")
    verdict = score(spec, example_context("classical-context"))
    (floor,) = [each for each in verdict.violations if each.code == "FLOOR"]
    assert (floor.severity, floor.measured, floor.limit, floor.unit) == ("RED", 0.3, 1.0, "mm")
    assert "0.3 mm" in floor.message
    assert "2.5 mm" in floor.message


def test_a_pass_of_three_diameters_says_so(example_spec, example_context):
    """A pass of 2.4 mm with a 0.79 mm cutter is told as three diameters."""
    verdict = score(example_spec("blocked-doc"), example_context("fine-cutter-context"))
    (deep,) = [each for each in verdict.violations if each.code == "DOC"]
    assert "3.038 times" in deep.message


def test_blocked_scores_lie_below_allowed_ones(example_spec, example_context):
    """No blocked design comes near an allowed one."""
    allowed = [score(example_spec(a), example_context(b)).score for a, b in FEASIBLE]
    blocked = [score(example_spec(a), example_context(b)).score for a, b, *_ in BLOCKED]
    assert min(allowed) > 50
    assert max(blocked) < 40
