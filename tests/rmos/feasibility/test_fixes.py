"""Every violation proposes a change, and the change mends it."""

from __future__ import annotations

from typing import Any

import pytest

from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.feasibility.advice.case import figure
from prefect_luthier.rmos.feasibility.changes import apply_change
from prefect_luthier.rmos.feasibility.engine import score
from prefect_luthier.rmos.feasibility.verdict import Change
from prefect_luthier.rmos.library.library import find_machine, find_material, find_tool

# name: (changes of the design, changes of the first ring, changes of the context, code, severity)
CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any], str, str]] = {
    "unknown-material": ({}, {"material": "ebnoy"}, {}, "MATERIAL_KNOWN", "RED"),
    "soundboard-of-shell": ({}, {}, {"material": find_material("paua")}, "MATERIAL_KNOWN", "RED"),
    "ring-in-the-hole": ({}, {}, {"soundhole_diameter_mm": 115.0}, "RADII_ORDER", "RED"),
    "another-hole": ({}, {}, {"soundhole_diameter_mm": 102.0}, "SOUNDHOLE", "RED"),
    "declared-otherwise": ({"outer_diameter_mm": 120.0}, {}, {}, "RING_SUM", "RED"),
    "wanted-larger": ({}, {}, {"target_diameter_mm": 125.0}, "RING_SUM", "YELLOW"),
    "wanted-smaller": ({}, {}, {"target_diameter_mm": 122.0}, "RING_SUM", "YELLOW"),
    "wanted-larger-edge-bound": (
        {"edge_land_mm": 0.0}, {}, {"target_diameter_mm": 115.0}, "RING_SUM", "YELLOW",
    ),
    "edge-weak": ({"edge_land_mm": 1.5}, {}, {}, "EDGE_LAND", "RED"),
    "edge-narrow": ({"edge_land_mm": 3.0}, {}, {}, "EDGE_LAND", "YELLOW"),
    "land-sliver": ({}, {"width_mm": 2.0, "land_after_mm": 0.15}, {}, "LAND", "RED"),
    "land-narrow": ({}, {"width_mm": 2.0, "land_after_mm": 0.9}, {}, "LAND", "RED"),
    "floor-thin": ({}, {}, {"top_thickness_mm": 2.3}, "FLOOR", "RED"),
    "floor-doubtful": ({}, {}, {"top_thickness_mm": 2.7}, "FLOOR", "YELLOW"),
    "through-the-top": ({}, {}, {"top_thickness_mm": 1.1}, "FLOOR", "RED"),
    "shallow": ({"channel_depth_mm": 0.5, "inlay_thickness_mm": 0.8}, {}, {}, "DEPTH", "YELLOW"),
    "deep": (
        {"channel_depth_mm": 2.3, "inlay_thickness_mm": 2.5}, {}, {"top_thickness_mm": 4.0},
        "DEPTH", "RED",
    ),
    "inlay-low": ({"inlay_thickness_mm": 1.0}, {}, {}, "PROUD", "RED"),
    "inlay-flush": ({"inlay_thickness_mm": 1.5}, {}, {}, "PROUD", "YELLOW"),
    "inlay-high": ({"inlay_thickness_mm": 2.4}, {}, {}, "PROUD", "YELLOW"),
    "cutter-thick": ({}, {"land_after_mm": 3.2}, {}, "TOOL_FIT", "RED"),
    "gap-tight": ({"glue_gap_mm": 0.01}, {}, {}, "GLUE_GAP", "YELLOW"),
    "gap-shows": ({"glue_gap_mm": 0.12}, {}, {}, "GLUE_GAP", "YELLOW"),
    "gap-wide": ({"glue_gap_mm": 0.2}, {}, {}, "GLUE_GAP", "RED"),
    "line-thin": ({}, {"width_mm": 0.2}, {}, "LINE_MIN", "RED"),
    "strip-thin": ({}, {"strip_thickness_mm": 0.1}, {}, "LINE_MIN", "RED"),
    "strip-thick": ({}, {"strip_thickness_mm": 0.8}, {}, "LINE_MIN", "RED"),
    "no-tile-length": ({}, {"pattern": "tiles", "width_mm": 2.0}, {}, "TILE", "RED"),
    "two-tiles": (
        {}, {"pattern": "tiles", "tile_length_mm": 180.0, "tile_tapered": True}, {}, "TILE", "RED",
    ),
    "tiles-like-dust": (
        {}, {"pattern": "tiles", "tile_length_mm": 1e-6, "tile_tapered": True}, {}, "TILE", "RED",
    ),
    "tiles-do-not-close": (
        {}, {"pattern": "tiles", "tile_length_mm": 37.5, "tile_tapered": True}, {},
        "TILE", "YELLOW",
    ),
    "tiles-gape": (
        {}, {"pattern": "tiles", "width_mm": 5.0, "tile_length_mm": 7.0}, {},
        "TILE_WEDGE", "YELLOW",
    ),
    "flutes-shorter-than-the-clearance": (
        {}, {}, {"tool": find_tool("downcut-1.59").model_copy(update={"flute_length_mm": 0.4})},
        "FLUTE", "RED",
    ),
    "collet-on-the-wood": (
        {}, {}, {"tool": find_tool("downcut-1.59").model_copy(update={"stickout_mm": 1.2})},
        "FLUTE", "RED",
    ),
    "flutes-short": (
        {}, {}, {"tool": find_tool("downcut-1.59").model_copy(update={"flute_length_mm": 1.8})},
        "FLUTE", "RED",
    ),
    "pass-deep": ({"depth_per_pass_mm": 1.4}, {}, {}, "DOC", "RED"),
    "pass-doubtful": ({"depth_per_pass_mm": 0.85}, {}, {}, "DOC", "YELLOW"),
    "chip-thin": ({}, {}, {"feed_mm_min": 150.0, "plunge_mm_min": 50.0}, "CHIPLOAD", "RED"),
    "chip-thin-at-full-feed": (
        {}, {}, {"machine": find_machine("shapeoko-3").model_copy(update={"max_feed_mm_min": 200})
                 , "feed_mm_min": 200.0, "plunge_mm_min": 50.0},
        "CHIPLOAD", "RED",
    ),
    "chip-thick": ({}, {}, {"feed_mm_min": 900.0}, "CHIPLOAD", "YELLOW"),
    "chip-beyond-all": ({}, {}, {"feed_mm_min": 2000.0}, "CHIPLOAD", "RED"),
    "plunge-fast": ({}, {}, {"plunge_mm_min": 300.0}, "PLUNGE", "YELLOW"),
    "plunge-faster": ({}, {}, {"plunge_mm_min": 450.0}, "PLUNGE", "RED"),
    "plunge-beyond-the-axis": (
        {}, {}, {"machine": find_machine("x-carve-1000"), "plunge_mm_min": 600.0,
                 "feed_mm_min": 1400.0},
        "PLUNGE", "RED",
    ),
    "plunge-fast-for-both": (
        {}, {}, {"machine": find_machine("x-carve-1000"), "plunge_mm_min": 600.0}, "PLUNGE", "RED",
    ),
    "spindle-slow": ({}, {}, {"spindle_rpm": 9000.0}, "SPINDLE", "RED"),
    "spindle-fast": ({}, {}, {"spindle_rpm": 31000.0}, "SPINDLE", "RED"),
    "cutter-bends": (
        {}, {}, {"tool": find_tool("downcut-1.59").model_copy(
            update={"flute_length_mm": 20.0, "stickout_mm": 26.0})},
        "DEFLECT", "RED",
    ),
    "spindle-weak": (
        {}, {}, {"machine": find_machine("shapeoko-3").model_copy(update={"spindle_power_w": 3.0})},
        "POWER", "RED",
    ),
    "rosette-large": ({"soundhole_diameter_mm": 415.0}, {}, {}, "ENVELOPE", "RED"),
    "declared-large": ({"outer_diameter_mm": 430.0}, {}, {}, "ENVELOPE", "RED"),
    "travel-low": (
        {}, {},
        {"machine": find_machine("shapeoko-3").model_copy(update={"travel_mm": (425, 465, 6.2)})},
        "ENVELOPE", "RED",
    ),
    "feed-beyond-the-axes": (
        {}, {},
        {"machine": find_machine("shapeoko-3").model_copy(update={"max_feed_mm_min": 500.0})},
        "ENVELOPE", "RED",
    ),
    "circle-too-fast": (
        {}, {},
        {"machine": find_machine("shapeoko-3").model_copy(update={"acceleration_mm_s2": 1.0})},
        "ENVELOPE", "RED",
    ),
}  # fmt: skip
NOT_THE_SMALLEST = {
    "unknown-material", "soundboard-of-shell", "tiles-gape",  # no figures
    # a length that closes the ring exactly:
    "no-tile-length", "two-tiles", "tiles-like-dust", "tiles-do-not-close",
    "edge-weak", "floor-thin", "gap-wide", "inlay-low", "pass-deep", "plunge-faster",
    "plunge-fast-for-both", "through-the-top", "cutter-bends", "chip-beyond-all",
    # all these: up to where there is no warning either
    "declared-large", "declared-otherwise",  # what the rings are
    "wanted-larger", "wanted-smaller", "wanted-larger-edge-bound",  # what is wanted
}  # fmt: skip


@pytest.fixture
def arranged(om28, bench, with_values):
    """Give a function that returns the design and the context of a case."""

    def arrange(name):
        of_spec, of_ring, of_context, *_ = CASES[name]
        first, *others = om28.rings
        rings = [with_values(first, **of_ring), *others]
        return with_values(om28, rings=rings, **of_spec), with_values(bench, **of_context)

    return arrange


def found(verdict, code, ring=None):
    """Return the violations of a code, of one ring where one is named."""
    return [each for each in verdict.violations if each.code == code and each.ring in {ring, None}]


@pytest.mark.parametrize("name", CASES)
def test_the_change_mends_the_violation(name, arranged):
    """The violation has its code and severity; after its change it is gone, also as a warning."""
    *_, code, severity = CASES[name]
    spec, context = arranged(name)
    violation = next(each for each in score(spec, context).violations if each.code == code)
    assert violation.severity == severity
    assert violation.change is not None
    mended = score(*apply_change(spec, context, violation.change))
    assert found(mended, code, violation.ring) == []


@pytest.mark.parametrize("name", CASES)
def test_the_sentence_alone_mends_it_too(name, arranged):
    """Who types the figure that the sentence shows gets rid of the violation as well."""
    *_, code, _ = CASES[name]
    spec, context = arranged(name)
    violation = next(each for each in score(spec, context).violations if each.code == code)
    change = violation.change
    if not isinstance(change.value, float):
        return
    assert figure(change.value) in violation.fix
    typed = change.model_copy(update={"value": float(figure(change.value))})
    assert found(score(*apply_change(spec, context, typed)), code, violation.ring) == []


@pytest.mark.parametrize("name", [name for name in CASES if name not in NOT_THE_SMALLEST])
def test_the_change_is_the_smallest(name, arranged):
    """Nine tenths of the change leave the violation in place."""
    *_, code, _ = CASES[name]
    spec, context = arranged(name)
    violation = next(each for each in score(spec, context).violations if each.code == code)
    change = violation.change
    document = spec if change.document == "spec" else context
    value: Any = document.model_dump()
    for part in change.pointer.split("/")[1:]:
        value = value[int(part)] if part.isdigit() else value[part]
    if value is None:  # a strip as thick as its ring
        value = spec.rings[violation.ring].width_mm
    less = Change(
        document=change.document,
        pointer=change.pointer,
        value=value + 0.9 * (change.value - value),
    )
    assert found(score(*apply_change(spec, context, less)), code, violation.ring)


@pytest.mark.parametrize("name", CASES)
def test_the_sentence_quotes_the_values(name, arranged):
    """Message and fix are sentences; where the limit is a figure, the message holds a figure."""
    *_, code, _ = CASES[name]
    violation = next(each for each in score(*arranged(name)).violations if each.code == code)
    assert violation.message.endswith((".", "?"))
    assert violation.fix.endswith(".")
    if violation.unit:
        assert any(character.isdigit() for character in violation.message)


def test_a_pointer_that_leads_nowhere_is_refused(om28: RosetteSpec, bench):
    """A change is never dropped in silence."""
    change = Change(document="spec", pointer="/rings/9/width_mm", value=1.0)
    with pytest.raises(ValueError, match="leads nowhere"):
        apply_change(om28, bench, change)
