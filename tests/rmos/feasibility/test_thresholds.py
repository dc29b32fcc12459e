"""The limits are data with provenance, and every rule has its own."""

from __future__ import annotations

import inspect

import pytest

from prefect_luthier.rmos.feasibility.batch import CODES
from prefect_luthier.rmos.feasibility.effort import effort_data
from prefect_luthier.rmos.feasibility.rules import RULES
from prefect_luthier.rmos.feasibility.spec_batch import PATTERNS
from prefect_luthier.rmos.feasibility.thresholds import load_thresholds

THRESHOLDS = load_thresholds()


def limits(key: str):
    """Return every figure of a rule."""
    rule = THRESHOLDS[key]
    constants = [figure for group in rule.constants.values() for figure in group.values()]
    return [each for each in (rule.red, rule.yellow, rule.comfort, *constants) if each]


def test_rules_and_limits_stand_in_the_same_order() -> None:
    """Each rule has its limits and each limit its rule, in the order of reporting."""
    assert list(RULES) == list(THRESHOLDS.rules)


def test_rules_of_one_code_stand_together() -> None:
    """The margins by code are taken over neighbours."""
    codes = [rule.code for rule in THRESHOLDS.rules.values()]
    runs = [code for code, before in zip(codes, [None, *codes], strict=False) if code != before]
    assert runs == list(dict.fromkeys(codes))


def test_every_constraint_of_the_domain_is_checked() -> None:
    """The codes that workshop rules are known by are all there."""
    assert set(CODES) == {
        "FINITE", "MATERIAL_KNOWN", "RADII_ORDER", "SOUNDHOLE", "RING_SUM", "EDGE_LAND", "LAND",
        "FLOOR", "DEPTH", "PROUD", "TOOL_FIT", "GLUE_GAP", "LINE_MIN", "TILE", "TILE_WEDGE",
        "FLUTE", "DOC", "CHIPLOAD", "PLUNGE", "SPINDLE", "DEFLECT", "POWER", "ENVELOPE", "ENGINE",
    }  # fmt: skip


def test_every_limit_names_a_source_that_exists() -> None:
    """No limit without provenance, and no source without a limit."""
    used = {figure.source for key in RULES for figure in limits(key)}
    assert used - set(THRESHOLDS.sources) == set()
    assert set(THRESHOLDS.sources) - used == set()


def test_judgements_are_marked_as_estimates() -> None:
    """A limit that no source states says so."""
    for key in RULES:
        assert all(each.is_estimate for each in limits(key) if each.source == "judgement"), key


@pytest.mark.parametrize("key", RULES)
def test_limits_tighten_from_red_to_comfort(key: str) -> None:
    """Red, yellow and comfort lie in that order, and a rule has at least one limit."""
    rule = THRESHOLDS[key]
    values = [each.value for each in (rule.red, rule.yellow, rule.comfort) if each is not None]
    ordered = sorted(values, reverse=rule.at_most)
    assert values == ordered
    assert len(set(values)) == len(values)
    assert rule.is_exact == (rule.comfort is None)
    assert rule.red is not None or rule.yellow is not None


@pytest.mark.parametrize("key", RULES)
def test_every_rule_says_what_it_measures(key: str) -> None:
    """The function's docstring holds what is measured; the data hold it in words."""
    text = inspect.getdoc(RULES[key].measure) or ""
    assert text.startswith(("Measure", "Count", "Say"))
    assert THRESHOLDS[key].measures


def test_what_depth_improves_weighs_nothing() -> None:
    """Rules that a deeper channel satisfies only warn, so that depth never raises a score."""
    for key in ("depth_least", "proud_most"):
        assert THRESHOLDS[key].red is None
        assert THRESHOLDS[key].weight == 0


def test_the_effort_knows_every_pattern() -> None:
    """No pattern is free by omission."""
    assert set(effort_data()["patterns"]) == set(PATTERNS)
