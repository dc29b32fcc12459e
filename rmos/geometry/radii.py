"""Where the rings and the channels of a rosette lie."""

from __future__ import annotations

from dataclasses import dataclass

from prefect_luthier.rmos.design.spec import RosetteSpec


@dataclass(frozen=True)
class RingPlace:
    """One ring between two radii, mm."""

    index: int
    inner_mm: float
    outer_mm: float

    @property
    def middle_mm(self) -> float:
        """Radius of the ring's middle, where tiles are measured."""
        return (self.inner_mm + self.outer_mm) / 2


@dataclass(frozen=True)
class Channel:
    """An annulus to be cut: rings with no land between them share it.

    Its radii are those of the rings, widened by the glue gap on each side; on the inner side of
    an edge-bound channel there is no wall, hence no gap.
    """

    rings: tuple[int, ...]
    inner_mm: float
    outer_mm: float
    depth_mm: float
    edge_bound: bool = False

    @property
    def width_mm(self) -> float:
        """Width between the walls."""
        return self.outer_mm - self.inner_mm


def ring_places(spec: RosetteSpec) -> tuple[RingPlace, ...]:
    """Return where each ring lies, from the inside out."""
    places: list[RingPlace] = []
    radius = spec.soundhole_diameter_mm / 2 + spec.edge_land_mm
    for index, ring in enumerate(spec.rings):
        places.append(RingPlace(index, radius, radius + ring.width_mm))
        radius += ring.width_mm + ring.land_after_mm
    return tuple(places)


def channels(spec: RosetteSpec) -> tuple[Channel, ...]:
    """Return the channels to be cut, from the inside out."""
    found: list[Channel] = []
    together: list[RingPlace] = []
    last = len(spec.rings) - 1
    for place, ring in zip(ring_places(spec), spec.rings, strict=True):
        together.append(place)
        if ring.land_after_mm > 0 or place.index == last:
            edge_bound = together[0].index == 0 and spec.edge_land_mm == 0
            found.append(
                Channel(
                    rings=tuple(each.index for each in together),
                    inner_mm=together[0].inner_mm - (0.0 if edge_bound else spec.glue_gap_mm),
                    outer_mm=place.outer_mm + spec.glue_gap_mm,
                    depth_mm=spec.channel_depth_mm,
                    edge_bound=edge_bound,
                )
            )
            together = []
    return tuple(found)


def outer_diameter_mm(spec: RosetteSpec) -> float:
    """Return the diameter of the outermost ring's outer edge."""
    return 2 * ring_places(spec)[-1].outer_mm
