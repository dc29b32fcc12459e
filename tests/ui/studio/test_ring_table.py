"""Rings to rows and back: nothing is lost, and what is missing is said."""

from __future__ import annotations

import pytest

from prefect_luthier.rmos.design.spec import Ring
from prefect_luthier.rmos.library.model import Material
from prefect_luthier.ui.studio.ring_table import rings_of, row_of
from prefect_luthier.ui.studio.starters import starters

SHELL = Material(
    id="my-shell",
    name="Shell from the beach",
    kind="shell",
    density_kg_m3=2700,
    cutting_energy_j_mm3=0.8,
)


@pytest.mark.parametrize("starter", starters(), ids=lambda starter: starter.name)
def test_a_design_survives_the_table(starter) -> None:
    """What is not edited comes back as it was."""
    rings = starter.spec.rings
    assert rings_of([row_of(ring) for ring in rings], rings) == (rings, [])


def test_an_inline_material_is_kept() -> None:
    """The table shows its id; the ring keeps the material itself."""
    ring = Ring(width_mm=2, pattern="shell", material=SHELL)
    row = row_of(ring)
    assert row["material"] == "my-shell"
    assert rings_of([row | {"width_mm": 3.0}], [ring])[0][0].material == SHELL


@pytest.mark.parametrize(
    ("change", "missing"),
    [
        ({"width_mm": None}, "Width"),
        ({"width_mm": -1.0}, "Width"),
        ({"pattern": "stripes"}, "Pattern"),
        ({"material": None, "width_mm": None}, "Material and Width"),
    ],
    ids=["no width", "negative", "unknown pattern", "two things"],
)
def test_a_row_that_is_no_ring_is_left_out_with_a_reason(change: dict, missing: str) -> None:
    """The other rows count; the reason names row and column."""
    ring = Ring(width_mm=1, material="ebony")
    rings, problems = rings_of([row_of(ring), row_of(ring) | change], [ring])
    assert rings == (ring,)
    assert problems == [f"Row 2 is left out until it has a proper {missing}."]
