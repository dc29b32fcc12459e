"""A rosette as a generator thinks of it, before it is fitted to the problem."""

from __future__ import annotations

from dataclasses import dataclass

from prefect_luthier.rmos.design.spec import Pattern, RosetteSpec


@dataclass(frozen=True)
class RingIdea:
    """One ring as it is wished; its width is a proportion until the idea is fitted."""

    width_mm: float
    pattern: Pattern
    material: str
    land_after_mm: float = 0.0
    tile_length_mm: float | None = None
    tapered: bool = True


@dataclass(frozen=True)
class Idea:
    """A rosette as it is wished: any finite numbers, in millimetres.

    Args:
        rings: From the inside out.
        soundhole_mm: Diameter of the soundhole; used where the context leaves it free.
        radial_mm: From hole to outer edge, where the context leaves it free; the sum if None.
        edge_land_mm: Between hole and first ring.
        depth_mm: Depth of the channels.
        proud_mm: How far the inlay stands above the top before it is levelled.
        glue_gap_mm: On each side of an inlay.
        pass_mm: Depth of one cutting pass.
    """

    rings: tuple[RingIdea, ...]
    soundhole_mm: float
    radial_mm: float | None
    edge_land_mm: float
    depth_mm: float
    proud_mm: float
    glue_gap_mm: float
    pass_mm: float


def idea_of(spec: RosetteSpec) -> Idea:
    """Return the idea of a design, which fits to the design itself."""
    rings = tuple(
        RingIdea(
            width_mm=ring.width_mm,
            pattern=ring.pattern,
            material=ring.material_id,
            land_after_mm=ring.land_after_mm,
            tile_length_mm=ring.tile_length_mm,
            tapered=ring.tile_tapered,
        )
        for ring in spec.rings
    )
    breadth_mm = sum(ring.width_mm + ring.land_after_mm for ring in spec.rings)
    return Idea(
        rings=rings,
        soundhole_mm=spec.soundhole_diameter_mm,
        radial_mm=spec.edge_land_mm + breadth_mm - spec.rings[-1].land_after_mm,
        edge_land_mm=spec.edge_land_mm,
        depth_mm=spec.channel_depth_mm,
        proud_mm=spec.inlay_thickness_mm - spec.channel_depth_mm,
        glue_gap_mm=spec.glue_gap_mm,
        pass_mm=spec.depth_per_pass_mm,
    )
