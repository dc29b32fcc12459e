"""Outlines of the inlay: the pocket (female) and the pieces that go into it (male)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from prefect_luthier.rmos.design.spec import Ring, RosetteSpec
from prefect_luthier.rmos.geometry.radii import RingPlace, channels, ring_places
from prefect_luthier.rmos.making.outline import (
    Outline,
    circle_outline,
    offset,
    polygon_outline,
    sector_outline,
)
from prefect_luthier.rmos.making.tiling import Tiling, is_turned, tiling_of

Role = Literal["female", "male", "male-cut"]


@dataclass(frozen=True)
class InlayOutline:
    """One outline to cut.

    Args:
        role: ``female`` is a wall of the pocket, wider than the inlay by the glue gap; ``male`` is
            a piece of the inlay; ``male-cut`` is the way of the tool's centre around that piece.
        number: The channel of a female outline, the ring of a male one, from 0.
        outline: The outline, around the soundhole's centre.
    """

    role: Role
    number: int
    outline: Outline


def female_outlines(spec: RosetteSpec) -> tuple[InlayOutline, ...]:
    """Return the walls of the channels; an edge-bound one ends at the hole's edge."""
    return tuple(
        InlayOutline("female", number, circle_outline(radius))
        for number, channel in enumerate(channels(spec))
        for radius in (channel.inner_mm, channel.outer_mm)
    )


def male_outlines(spec: RosetteSpec, tool_diameter_mm: float) -> tuple[InlayOutline, ...]:
    """Return the pieces of every ring, and the tool's way around those that are milled.

    Strips are bent and tiles are sawn from sticks: only rings in one piece and arcs of shell have
    a tool's way.
    """
    found: list[InlayOutline] = []
    for ring, place in zip(spec.rings, ring_places(spec), strict=True):
        pieces = _pieces(ring, place)
        found += [InlayOutline("male", place.index, piece) for piece in pieces]
        found += [
            InlayOutline("male-cut", place.index, way)
            for way in _tool_ways(ring, place, pieces, tool_diameter_mm / 2)
        ]
    return tuple(found)


def _pieces(ring: Ring, place: RingPlace) -> list[Outline]:
    tiling = tiling_of(ring, place)
    if tiling is None:
        return [circle_outline(place.inner_mm), circle_outline(place.outer_mm)]
    if not tiling.is_tapered:
        return [_rectangle(tiling, index) for index in range(tiling.count)]
    return [
        sector_outline(place.inner_mm, place.outer_mm, index * tiling.angle, tiling.angle)
        for index in range(tiling.count)
    ]


def _tool_ways(
    ring: Ring, place: RingPlace, pieces: list[Outline], radius_mm: float
) -> list[Outline]:
    if ring.pattern == "shell":
        first = offset(pieces[0], radius_mm)
        angle = math.tau / len(pieces)
        return [_turned(first, index * angle) for index in range(len(pieces))]
    if is_turned(ring) and place.inner_mm > radius_mm:
        return [
            circle_outline(place.inner_mm - radius_mm),
            circle_outline(place.outer_mm + radius_mm),
        ]
    return []


def _rectangle(tiling: Tiling, index: int) -> Outline:
    """Return a straight tile from the inner circle to where its corners meet the outer one."""
    half = tiling.inner_length_mm / 2
    inner, outer = tiling.inner_mm, tiling.inner_mm + tiling.depth_mm
    corners = ((inner, -half), (outer, -half), (outer, half), (inner, half))
    return _turned(polygon_outline(corners), (index + 0.5) * tiling.angle)


def _turned(outline: Outline, angle: float) -> Outline:
    cosine, sine = math.cos(angle), math.sin(angle)
    return Outline(
        tuple(
            type(vertex)(
                vertex.x * cosine - vertex.y * sine,
                vertex.x * sine + vertex.y * cosine,
                vertex.bulge,
            )
            for vertex in outline.vertices
        )
    )
