"""A copy with another value is another design, with a digest of its own."""

from __future__ import annotations

from prefect_luthier.rmos.design.spec import Ring, RosetteSpec

SPEC = RosetteSpec(
    soundhole_diameter_mm=101.6,
    channel_depth_mm=1.5,
    inlay_thickness_mm=1.7,
    depth_per_pass_mm=0.75,
    rings=(Ring(width_mm=4.0, material="ebony"),),
)


def test_a_changed_copy_has_another_digest() -> None:
    """Also when the digest of the first was asked for before."""
    before = SPEC.digest
    changed = SPEC.model_copy(update={"channel_depth_mm": 1.4})
    assert changed.digest != before
    assert changed.digest == RosetteSpec.model_validate(changed.model_dump()).digest


def test_an_unchanged_copy_has_the_same_digest() -> None:
    """It is the same design."""
    assert SPEC.model_copy().digest == SPEC.digest
    assert SPEC.model_copy(deep=True) == SPEC
