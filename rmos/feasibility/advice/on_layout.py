"""What to say about rings that lie wrong, and about materials."""

from __future__ import annotations

from prefect_luthier.rmos.feasibility.advice.case import (
    Advice,
    Case,
    down,
    figure,
    in_context,
    in_ring,
    in_spec,
    up,
)
from prefect_luthier.rmos.geometry.radii import outer_diameter_mm
from prefect_luthier.rmos.library.library import find_material, load_library
from prefect_luthier.suggestions import did_you_mean

_NARROWEST_MM = 0.5


def finite(case: Case) -> Advice:
    """Say that quantities are no lengths."""
    return Advice(
        f"{figure(case.value)} of the design's or the context's quantities are not positive "
        "numbers.",
        "Give every length as a positive number; lands and the glue gap may be 0.",
    )


def material_known(case: Case) -> Advice:
    """Say that the library lacks a material, and which it has."""
    name = case.the_ring.material_id
    candidates = load_library().materials.candidates(name)
    message = f"{case.place} is of {name!r}, which the library does not have."
    if not candidates:
        return Advice(message, "Name a material that `luthier rosette library materials` lists.")
    return Advice(
        message + did_you_mean(candidates),
        f'Set the material of {case.place} to "{candidates[0]}".',
        in_ring(case, "material", candidates[0]),
    )


def soundboard_wood(case: Case) -> Advice:
    """Say that there are chiploads for wood only."""
    material = case.context.material
    return Advice(
        f"the soundboard is of {material.name or material.id}, a {material.kind}; feeds are known "
        "for woods only.",
        'Use a wood for the soundboard, such as "sitka-spruce".',
        in_context("/material", find_material("sitka-spruce").model_dump(mode="json")),
    )


def radii_order(case: Case) -> Advice:
    """Say that a ring reaches into what lies inside it."""
    land = up(case.spec.edge_land_mm - case.value)
    return Advice(
        f"{case.place} reaches {figure(-case.value)} mm into what lies inside it.",
        f"Set edge_land_mm to {figure(land)}.",
        in_spec("/edge_land_mm", land),
    )


def soundhole(case: Case) -> Advice:
    """Say that the design is for another instrument."""
    fixed = case.context.soundhole_diameter_mm or 0.0
    return Advice(
        f"the design is for a soundhole of {figure(case.spec.soundhole_diameter_mm)} mm; the "
        f"instrument's has {figure(fixed)} mm.",
        f"Set soundhole_diameter_mm to {figure(fixed)}.",
        in_spec("/soundhole_diameter_mm", fixed),
    )


def ring_sum(case: Case) -> Advice:
    """Say that the rings do not add up to the declared diameter."""
    actual = outer_diameter_mm(case.spec)
    return Advice(
        f"the rings add up to an outer diameter of {figure(actual)} mm, but "
        f"{figure(case.spec.outer_diameter_mm or 0.0)} mm is declared: {figure(case.value)} mm "
        f"of radius apart, {figure(case.limit)} mm at most.",
        f"Set outer_diameter_mm to {figure(actual)}, or leave it out.",
        in_spec("/outer_diameter_mm", actual),
    )


def target_diameter(case: Case) -> Advice:
    """Say that the rosette is not as large as wanted."""
    spec, wanted = case.spec, case.context.target_diameter_mm or 0.0
    actual = outer_diameter_mm(spec)
    message = (
        f"the rosette is {figure(actual)} mm across, {figure(wanted)} mm is wanted: "
        f"{figure(case.value)} mm of radius apart, {figure(case.limit)} mm at most."
    )
    missing = (wanted - actual) / 2
    land = down(spec.edge_land_mm + missing)
    if spec.edge_land_mm > 0 and land >= 4:  # noqa: PLR2004 - nearer to the hole EDGE_LAND warns
        change = in_spec("/edge_land_mm", land)
        return Advice(message, f"Set edge_land_mm to {figure(land)}.", change)
    last = len(spec.rings) - 1
    width = down(spec.rings[last].width_mm + missing)
    if width >= _NARROWEST_MM:
        change = in_spec(f"/rings/{last}/width_mm", width)
        return Advice(message, f"Set the width of ring {last + 1} to {figure(width)} mm.", change)
    return Advice(message, f"Take {figure(-missing)} mm out of the widths and lands of the rings.")


def edge_land(case: Case) -> Advice:
    """Say that the soundboard beside the hole is weak."""
    clear = up(case.clear)
    return Advice(
        f"{figure(case.value)} mm of soundboard stay between the soundhole and the first ring; "
        f"at least {figure(case.limit)} mm should.",
        f"Set edge_land_mm to {figure(clear)}, or to 0 to bind the ring to the edge.",
        in_spec("/edge_land_mm", clear),
    )


def land(case: Case) -> Advice:
    """Say that a land breaks out."""
    nearest = 0.0 if case.value < case.clear / 2 else up(case.clear)
    share = "0, so that both rings share a channel" if nearest == 0 else f"{figure(nearest)}"
    return Advice(
        f"the land of {figure(case.value)} mm outside {case.place} would break out; it must be 0 "
        f"or at least {figure(case.limit)} mm.",
        f"Set land_after_mm of {case.place} to {share}.",
        in_ring(case, "land_after_mm", nearest),
    )
