"""What must hold between the scores of related designs, over wide ranges."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import Ring, RosetteSpec
from prefect_luthier.rmos.feasibility.batch import CODES, SpecBatch, score_batch
from prefect_luthier.rmos.feasibility.changes import apply_change
from prefect_luthier.rmos.feasibility.engine import score
from prefect_luthier.rmos.feasibility.spec_batch import PATTERNS
from prefect_luthier.rmos.library.library import (
    find_machine,
    find_material,
    find_tool,
    load_library,
)

GEOMETRY = ("RADII_ORDER", "TOOL_FIT", "TILE")
MATERIALS = sorted(load_library().materials.entries)


def lengths(least: float, most: float) -> st.SearchStrategy[float]:
    return st.floats(least, most, allow_nan=False, allow_infinity=False)


@st.composite
def rings(draw: Any) -> Ring:
    width = draw(lengths(0.05, 30))
    return Ring(
        width_mm=width,
        land_after_mm=draw(st.one_of(st.just(0.0), lengths(0, 8))),
        pattern=draw(st.sampled_from(PATTERNS)),
        tile_length_mm=draw(st.one_of(st.none(), lengths(0.2, 60))),
        tile_tapered=draw(st.booleans()),
        strip_thickness_mm=draw(st.one_of(st.none(), lengths(0.05, 30))),
        material=draw(st.sampled_from(MATERIALS)),
    )


@st.composite
def sound_specs(draw: Any) -> RosetteSpec:
    """Designs that are mostly allowed: one channel, depths and thicknesses as they are built."""
    depth = draw(lengths(0.5, 1.6))
    ring = st.builds(
        Ring,
        width_mm=lengths(1, 6),
        land_after_mm=st.sampled_from([0.0, 3.2]),
        pattern=st.sampled_from(PATTERNS),
        tile_length_mm=lengths(1, 4),
        tile_tapered=st.booleans(),
        material=st.sampled_from(MATERIALS),
    )
    return RosetteSpec(
        soundhole_diameter_mm=draw(lengths(80, 105)),
        edge_land_mm=draw(st.one_of(st.just(0.0), lengths(3, 8))),
        channel_depth_mm=depth,
        inlay_thickness_mm=depth + draw(lengths(0.0, 0.8)),
        glue_gap_mm=draw(lengths(0.01, 0.14)),
        depth_per_pass_mm=draw(lengths(0.1, 0.5)),
        rings=tuple(draw(st.lists(ring, min_size=1, max_size=6))),
    )


@st.composite
def wild_specs(draw: Any) -> RosetteSpec:
    return RosetteSpec(
        soundhole_diameter_mm=draw(lengths(10, 500)),
        edge_land_mm=draw(st.one_of(st.just(0.0), lengths(0, 20))),
        channel_depth_mm=draw(lengths(0.05, 8)),
        inlay_thickness_mm=draw(lengths(0.05, 12)),
        glue_gap_mm=draw(lengths(0, 0.5)),
        depth_per_pass_mm=draw(lengths(0.05, 8)),
        outer_diameter_mm=draw(st.one_of(st.none(), lengths(50, 600))),
        rings=tuple(draw(st.lists(rings(), min_size=1, max_size=8))),
    )


@st.composite
def sound_contexts(draw: Any) -> Context:
    """Contexts that block nothing by themselves."""
    return Context(
        material=find_material("sitka-spruce"),
        top_thickness_mm=draw(lengths(2.4, 3.2)),
        tool=find_tool("downcut-1.0"),
        machine=find_machine("shapeoko-3"),
        spindle_rpm=draw(lengths(20000, 27000)),
        feed_mm_min=draw(lengths(250, 500)),
        plunge_mm_min=draw(lengths(50, 160)),
        target_diameter_mm=draw(st.one_of(st.none(), lengths(90, 160))),
    )


@st.composite
def wild_contexts(draw: Any) -> Context:
    return Context(
        material=find_material(draw(st.sampled_from(["sitka-spruce", "koa", "western-red-cedar"]))),
        top_thickness_mm=draw(lengths(0.5, 10)),
        tool=find_tool(draw(st.sampled_from(sorted(load_library().tools.entries)))),
        machine=find_machine(draw(st.sampled_from(sorted(load_library().machines.entries)))),
        spindle_rpm=draw(lengths(5000, 40000)),
        feed_mm_min=draw(lengths(50, 9000)),
        plunge_mm_min=draw(lengths(10, 4000)),
        target_diameter_mm=draw(st.one_of(st.none(), lengths(50, 300))),
    )


def specs() -> st.SearchStrategy[RosetteSpec]:
    return st.one_of(sound_specs(), wild_specs())


def contexts() -> st.SearchStrategy[Context]:
    return st.one_of(sound_contexts(), wild_contexts())


@settings(max_examples=150, deadline=None)
@given(spec=specs(), context=contexts(), depths=st.lists(lengths(0.01, 20), min_size=8, max_size=8))
def test_a_deeper_channel_never_scores_higher(spec, context, depths):
    """Whatever the rest of the design, more depth never raises the score."""
    deeper = [
        spec.model_copy(update={"channel_depth_mm": depth})
        for depth in sorted({*depths, spec.channel_depth_mm})
    ]
    scores = score_batch(SpecBatch.of(deeper), context).score
    assert np.all(np.diff(scores) <= 1e-9), list(zip(depths, scores, strict=False))


@settings(max_examples=40, deadline=None)
@given(spec=specs(), context=contexts())
def test_depth_counts_at_every_step(spec, context):
    """Each tenth of a millimetre more lowers the score: depth is never free."""
    depths = np.arange(0.3, 4.0, 0.1)
    deeper = [spec.model_copy(update={"channel_depth_mm": float(depth)}) for depth in depths]
    assert np.all(np.diff(score_batch(SpecBatch.of(deeper), context).score) < 0)


@settings(max_examples=100, deadline=None)
@given(spec=specs(), context=contexts())
def test_blocked_scores_below_allowed(spec, context):
    """Scores lie within 0 and 100, blocked ones below 40 and allowed ones above 50."""
    verdict = score(spec, context)
    assert 0 <= verdict.score <= 100
    assert (verdict.score < 40) == (verdict.decision == "BLOCK")
    assert (verdict.score > 50) == (verdict.decision == "ALLOW")
    assert (verdict.risk == "RED") == (verdict.decision == "BLOCK")
    assert (verdict.risk == "GREEN") == (verdict.violations == ())
    assert (min(verdict.margins.values()) < 0) == (verdict.decision == "BLOCK")


@settings(max_examples=25, deadline=None)
@given(designs=st.lists(specs(), min_size=1, max_size=8), context=contexts())
def test_a_batch_scores_like_one_by_one(designs, context):
    """A design's score, risk and margins do not depend on what else is in the batch."""
    batch = SpecBatch.of(designs)
    found = score_batch(batch, context)
    for index, spec in enumerate(designs):
        alone = score(spec, context)
        assert found.score[index] == pytest.approx(alone.score, rel=1e-12)
        assert found.red[index] == (alone.risk == "RED")
        assert found.yellow[index] == (alone.risk == "YELLOW")
        assert batch.spec(index) == spec


@settings(max_examples=40, deadline=None)
@given(spec=specs(), context=contexts(), names=st.permutations(range(len(MATERIALS))))
def test_other_names_for_materials_change_nothing(spec, context, names):
    """Relabelled materials with the same properties, in any order, give the same verdict."""
    renamed = spec.model_copy(
        update={
            "rings": tuple(
                ring.model_copy(
                    update={
                        "material": find_material(ring.material).model_copy(
                            update={
                                "id": f"wood-{names[MATERIALS.index(ring.material_id)]}",
                                "name": "another name",
                                "color": "#123456",
                            }
                        )
                    }
                )
                for ring in spec.rings
            )
        }
    )
    before, after = score(spec, context), score(renamed, context)
    assert (after.score, after.risk, after.margins) == (before.score, before.risk, before.margins)


@settings(max_examples=40, deadline=None)
@given(spec=specs(), context=contexts(), factor=st.floats(0.25, 4))
def test_scaling_everything_keeps_the_geometry(spec, context, factor):
    """Design, cutter and board grown together fit as before."""
    tool = context.tool
    tool_lengths = ("diameter_mm", "flute_length_mm", "stickout_mm", "runout_mm")
    larger_tool = tool.model_copy(
        update={name: getattr(tool, name) * factor for name in tool_lengths}
    )
    larger = context.model_copy(
        update={"tool": larger_tool, "top_thickness_mm": context.top_thickness_mm * factor}
    )
    before = score_batch(SpecBatch.of([spec]), context).margins[0]
    after = score_batch(SpecBatch.of([scaled(spec, factor)]), larger).margins[0]
    for code in GEOMETRY:
        column = CODES.index(code)
        if abs(before[column]) > 1e-6:  # not on the very limit
            assert np.sign(after[column]) == np.sign(before[column]), code
    assert (spec.inlay_thickness_mm < spec.channel_depth_mm) == (
        scaled(spec, factor).inlay_thickness_mm < scaled(spec, factor).channel_depth_mm
    )


def scaled(spec: RosetteSpec, factor: float) -> RosetteSpec:
    """Return a design with every length multiplied."""
    grown = [
        ring.model_copy(
            update={
                name: value * factor
                for name, value in ring
                if name.endswith("_mm") and value is not None
            }
        )
        for ring in spec.rings
    ]
    own = {name: value * factor for name, value in spec if name.endswith("_mm") and value}
    return spec.model_copy(update={**own, "rings": tuple(grown)})


@settings(max_examples=60, deadline=None)
@given(spec=specs(), context=contexts())
def test_every_change_mends_its_violation(spec, context):
    """Whatever else is wrong, a proposed change takes away the violation that proposes it."""
    for violation in score(spec, context).violations:
        if violation.change is None:
            continue
        after = score(*apply_change(spec, context, violation.change))
        same = [
            each
            for each in after.violations
            if (each.code, each.ring, each.unit) == (violation.code, violation.ring, violation.unit)
            and each.message.split()[:2] == violation.message.split()[:2]
        ]
        assert same == [], violation


QUANTITIES = [
    ("soundhole_diameter_mm", 0.7),
    ("edge_land_mm", 0.3),
    ("channel_depth_mm", 0.01),
    ("inlay_thickness_mm", 0.01),
    ("glue_gap_mm", 0.001),
    ("depth_per_pass_mm", 0.01),
]
RING_QUANTITIES = [
    ("width_mm", 4.1), ("land_after_mm", 2.0), ("pattern", "mosaic"), ("tile_length_mm", 3.01),
    ("tile_tapered", False), ("strip_thickness_mm", 0.9), ("material", "koa"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "step"), QUANTITIES, ids=[name for name, _ in QUANTITIES])
def test_every_quantity_of_a_design_counts(field, step, om28, bench):
    """A small change of any quantity changes the score."""
    changed = om28.model_copy(update={field: getattr(om28, field) + step})
    assert score(changed, bench).score != score(om28, bench).score


@pytest.mark.parametrize(("field", "value"), RING_QUANTITIES, ids=[n for n, _ in RING_QUANTITIES])
@pytest.mark.parametrize("place", [2, 4], ids=["inner", "outermost"])
def test_every_quantity_of_a_ring_counts(field, value, place, om28, bench):
    """A change of any quantity of any ring changes the score."""
    tiled = om28.rings[2].model_copy(update={"width_mm": 4.0})
    changed = tiled.model_copy(update={field: value})
    first, second = (
        om28.model_copy(update={"rings": (*om28.rings[:place], ring, *om28.rings[place + 1 :])})
        for ring in (tiled, changed)
    )
    assert score(first, bench).score != score(second, bench).score


@settings(max_examples=40, deadline=None)
@given(spec=sound_specs(), context=sound_contexts())
def test_sound_designs_are_never_blocked_by_what_only_warns(spec, context):
    """Of what the sound strategies draw, only a thin floor can block."""
    red = {each.code for each in score(spec, context).violations if each.severity == "RED"}
    assert red <= {"FLOOR"}


def test_distinct_designs_have_distinct_scores(bench):
    """A thousand random designs give a thousand scores, spread over the scale."""
    random = np.random.default_rng(20261121)
    designs = [random_design(random) for _ in range(1000)]
    assert len({design.digest for design in designs}) == 1000
    found = score_batch(SpecBatch.of(designs), bench)
    assert len(set(found.score.tolist())) == 1000
    allowed = found.score[~found.red]
    assert len(allowed) > 100
    assert np.ptp(allowed) > 15


@pytest.mark.parametrize("lack", ["material", "tile-length", "depth"])
def test_blocked_designs_have_distinct_scores(lack, bench):
    """A design that is blocked is still told from its neighbours, ring by ring."""
    random = np.random.default_rng(5)
    first = random_design(random).rings[0]
    designs = []
    for _ in range(300):
        spec = random_design(random)
        extra = {
            "material": {"material": "unheard-of"},
            "tile-length": {"pattern": "tiles", "tile_length_mm": None},
            "depth": {},
        }[lack]
        wide = first.model_copy(update={"width_mm": random.uniform(3, 6), **extra})
        depth = {"channel_depth_mm": 2.5} if lack == "depth" else {}
        designs.append(spec.model_copy(update={"rings": (*spec.rings, wide), **depth}))
    widened = [
        design.model_copy(
            update={
                "rings": (
                    *design.rings[:-1],
                    design.rings[-1].model_copy(
                        update={"width_mm": design.rings[-1].width_mm + 1e-3}
                    ),
                )
            }
        )
        for design in designs
    ]
    found = score_batch(SpecBatch.of([*designs, *widened]), bench)
    assert found.red.all()
    assert len(set(found.score.tolist())) == 600


def random_design(random: np.random.Generator) -> RosetteSpec:
    """Return a design of one to seven rings in one channel."""
    patterns = ["line", "solid", "herringbone", "tiles"]
    depth = random.uniform(0.7, 1.5)
    return RosetteSpec(
        soundhole_diameter_mm=random.uniform(80, 105),
        edge_land_mm=random.uniform(3, 8),
        channel_depth_mm=depth,
        inlay_thickness_mm=depth + random.uniform(0.05, 0.5),
        glue_gap_mm=random.uniform(0.02, 0.1),
        depth_per_pass_mm=random.uniform(0.3, 0.79),
        rings=tuple(
            Ring(
                width_mm=random.uniform(0.4, 5),
                pattern=random.choice(patterns),
                tile_length_mm=random.uniform(1, 4),
                tile_tapered=True,
                material=random.choice(["ebony", "holly", "hard-maple", "koa"]),
            )
            for _ in range(random.integers(1, 8))
        ),
    )
