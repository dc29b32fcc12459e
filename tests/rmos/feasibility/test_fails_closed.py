"""Whatever goes wrong, nothing is allowed by it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from prefect_luthier.diagnostics import Diagnostic
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.feasibility.batch import CODES, SpecBatch, judge, score_batch
from prefect_luthier.rmos.feasibility.engine import ENGINE_VERSION, score
from prefect_luthier.rmos.feasibility.measured import Measured
from prefect_luthier.rmos.feasibility.refusal import refusal
from prefect_luthier.rmos.feasibility.rules import RULES

NUMBERS = ["soundhole_mm", "edge_land_mm", "depth_mm", "inlay_mm", "gap_mm", "pass_mm"]


@pytest.mark.parametrize("error", [ZeroDivisionError, KeyError, RuntimeError, MemoryError])
def test_a_constraint_that_raises_blocks(error, om28, bench):
    """A defect in one constraint blocks the design with the code ENGINE."""

    def broken(frame, threshold):
        raise error("broken")

    rules = RULES | {"floor": RULES["floor"]._replace(measure=broken)}
    verdict = score(om28, bench, rules=rules)
    assert (verdict.decision, verdict.risk) == ("BLOCK", "RED")
    assert verdict.score < 40
    (violation,) = verdict.violations
    assert violation.code == "ENGINE"
    assert "floor" in violation.message


def test_a_constraint_that_raises_blocks_the_whole_batch(om28, bench):
    """In a batch, too, the defect lets none pass."""

    def broken(frame, threshold):
        raise IndexError("broken")

    rules = RULES | {"land": RULES["land"]._replace(measure=broken)}
    found = judge(SpecBatch.of([om28] * 3), bench, rules).verdict
    assert found.red.all()
    assert np.isnan(found.margins[:, CODES.index("ENGINE")]).all()


def test_a_constraint_without_a_threshold_blocks(om28, bench):
    """A rule that the data do not know cannot pass anything."""
    rules = RULES | {"unheard_of": RULES["floor"]}
    assert score(om28, bench, rules=rules).decision == "BLOCK"


@pytest.mark.parametrize("key", [key for key in RULES if key != "finite"])
def test_a_margin_that_is_no_number_blocks(key, om28, bench):
    """Where a constraint measures NaN, the design is blocked by it."""

    def unknown(frame, threshold):
        return Measured(np.full(len(frame.batch), np.nan))

    verdict = score(om28, bench, rules=RULES | {key: RULES[key]._replace(measure=unknown)})
    assert verdict.decision == "BLOCK"
    assert [each.measured for each in verdict.violations if each.severity == "RED"] == [None]


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf, -1.0], ids=str)
@pytest.mark.parametrize("field", NUMBERS)
def test_quantities_that_are_none_block(field, wrong, om28, bench):
    """NaN, infinity or a negative length in a batch blocks that design and no other."""
    batch = SpecBatch.of([om28, om28])
    values = getattr(batch, field).copy()
    values[1] = wrong
    found = score_batch(dataclasses.replace(batch, **{field: values}), bench)
    assert found.red.tolist() == [False, True]
    assert found.margins[1, CODES.index("FINITE")] < 0
    assert found.score[0] == score(om28, bench).score
    assert 0 <= found.score[1] < 40


@pytest.mark.parametrize("field", ["width_mm", "land_after_mm", "tile_length_mm", "strip_mm"])
def test_ring_quantities_that_are_none_block(field, om28, bench):
    """An infinite or negative length of any ring blocks."""
    batch = SpecBatch.of([om28])
    for wrong in (np.inf, -1.0):
        values = getattr(batch, field).copy()
        values[0, 2] = wrong
        assert score_batch(dataclasses.replace(batch, **{field: values}), bench).red.all()


def test_a_design_without_rings_blocks(om28, bench):
    """A batch cannot smuggle an empty design past the engine."""
    batch = dataclasses.replace(SpecBatch.of([om28]), ring_count=np.array([0]))
    assert score_batch(batch, bench).red.all()


def test_no_designs_have_no_scores(bench):
    """An empty batch is answered with empty arrays."""
    found = score_batch(SpecBatch.of([]), bench)
    assert found.score.shape == found.red.shape == (0,)
    assert found.margins.shape == (0, len(CODES))


def test_large_batches_are_taken_in_parts(om28, bench, with_values):
    """What lies beyond the first part is scored like the rest."""
    deeper = with_values(om28, channel_depth_mm=1.6)
    batch = SpecBatch.of([om28, deeper]).take(np.arange(5000) % 2)
    found = score_batch(batch, bench)
    assert np.unique(found.score[0::2]).tolist() == [score(om28, bench).score]
    assert np.unique(found.score[1::2]).tolist() == [score(deeper, bench).score]
    assert found.margins.shape == (5000, len(CODES))


@pytest.mark.parametrize("field", ["material", "pattern"])
def test_numbers_without_a_meaning_block(field, om28, bench):
    """A material or pattern number that the batch does not know blocks."""
    batch = SpecBatch.of([om28])
    beyond = np.full_like(getattr(batch, field), 99)
    assert score_batch(dataclasses.replace(batch, **{field: beyond}), bench).red.all()


def test_values_that_passed_no_validation_block(om28, bench):
    """A design built around the model's checks is blocked, not crashed on."""
    hollow = RosetteSpec.model_construct(rings=())
    verdict = score(hollow, bench)
    assert verdict.decision == "BLOCK"
    assert [each.code for each in verdict.violations] == ["ENGINE"]
    nan = om28.model_copy(update={"channel_depth_mm": float("nan")})
    blocked = score(nan, bench)
    assert blocked.decision == "BLOCK"
    assert "FINITE" in {each.code for each in blocked.violations}


def test_huge_values_block(om28, bench):
    """Numbers near the end of the range, past the model's checks, overflow into a block."""
    huge = om28.model_copy(update={"soundhole_diameter_mm": 1.7e308, "edge_land_mm": 1.7e308})
    assert score(huge, bench).decision == "BLOCK"


def test_invalid_documents_are_refused():
    """Findings become a blocking verdict; the known codes keep their names."""
    findings = [
        Diagnostic("unknown-material", "error", "none.", "/rings/2/material", candidates=("koa",)),
        Diagnostic("missing-field", "error", '"rings" is missing.', "/rings"),
        Diagnostic("odd", "warning", "odd."),
    ]
    verdict = refusal(findings)
    assert (verdict.decision, verdict.score, verdict.digest) == ("BLOCK", 0.0, None)
    assert verdict.engine == ENGINE_VERSION
    assert [(each.code, each.ring) for each in verdict.violations] == [
        ("MATERIAL_KNOWN", 2),
        ("INPUT", None),
    ]
    assert "koa" in verdict.violations[0].fix
