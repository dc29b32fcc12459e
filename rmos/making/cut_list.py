"""What has to be cut before a rosette can be inlaid: strips, tiles, arcs, rings."""

from __future__ import annotations

import math
from typing import Literal

from pydantic import Field

from prefect_luthier.rmos.design.spec import Frozen, Ring, RosetteSpec
from prefect_luthier.rmos.geometry.radii import RingPlace, ring_places
from prefect_luthier.rmos.making.tiling import Tiling, is_turned, strip_count, tiling_of

PartKind = Literal["strip", "ring", "arc", "tile"]


class Stock(Frozen):
    """How the material comes, and what sawing costs. Estimates of customary workshop values."""

    strip_length_mm: float = Field(default=800.0, gt=0, description="Length of a strip or stick.")
    kerf_mm: float = Field(default=0.4, ge=0, description="Width of a saw cut.")
    trim_mm: float = Field(
        default=10.0, ge=0, description="Length added to a strip, to be cut to fit."
    )
    margin_mm: float = Field(default=2.0, ge=0, description="Border around a piece in a sheet.")


class Part(Frozen):
    """Equal pieces of one ring.

    Its length runs along the ring, its width from the inside out, its thickness into the board.
    """

    ring: int = Field(description="Index of the ring, from the inside out.")
    kind: PartKind
    pattern: str
    material: str = Field(description="Library id.")
    count: int
    length_mm: float = Field(description="Length of a piece; a tile's at its outer edge.")
    inner_length_mm: float = Field(description="Length at the inner edge; less where tapered.")
    width_mm: float
    thickness_mm: float
    pitch_mm: float | None = Field(description="Length of a tile along the ring's middle.")
    taper_deg: float = Field(description="Angle between a tile's sides.")
    joint_mm: float = Field(description="Gap left between two tiles at the outer edge.")
    stock_count: int = Field(description="Strips, sticks or blanks to take.")
    stock_length_mm: float = Field(description="Length of each of them.")
    stock_width_mm: float
    waste_share: float = Field(description="Share of the stock that is lost.")


def cut_list(spec: RosetteSpec, stock: Stock | None = None) -> tuple[Part, ...]:
    """Return every part of a design, ring by ring from the inside out."""
    stock = stock or Stock()
    return tuple(
        part
        for ring, place in zip(spec.rings, ring_places(spec), strict=True)
        for part in _ring_parts(ring, place, spec.inlay_thickness_mm, stock)
    )


def _ring_parts(ring: Ring, place: RingPlace, thickness_mm: float, stock: Stock) -> list[Part]:
    tiling = tiling_of(ring, place)
    if tiling is not None and ring.pattern == "shell":
        return [_arcs(ring, place, tiling, thickness_mm, stock)]
    if tiling is not None:
        return [_tiles(ring, place, tiling, thickness_mm, stock)]
    if is_turned(ring):
        return [_turned(ring, place, thickness_mm, stock)]
    return [_strip(ring, place, index, thickness_mm, stock) for index in range(strip_count(ring))]


def _strip(ring: Ring, place: RingPlace, index: int, thickness_mm: float, stock: Stock) -> Part:
    """Return a bent strip; one that is longer than the stock is put together of equal lengths."""
    width_mm = ring.width_mm / strip_count(ring)
    around = math.tau * (place.inner_mm + (index + 0.5) * width_mm)
    pieces = math.ceil((around + stock.trim_mm) / stock.strip_length_mm)
    length = around / pieces + stock.trim_mm
    return _part(
        ring,
        place,
        "strip",
        count=pieces,
        lengths_mm=(length, length),
        width_mm=width_mm,
        thickness_mm=thickness_mm,
        stock=(pieces, stock.strip_length_mm, width_mm),
        net_mm2=around * width_mm,
    )


def _turned(ring: Ring, place: RingPlace, thickness_mm: float, stock: Stock) -> Part:
    """Return a ring turned or routed in one piece from a square sheet."""
    side = 2 * (place.outer_mm + stock.margin_mm)
    around = math.tau * place.middle_mm
    return _part(
        ring,
        place,
        "ring",
        count=1,
        lengths_mm=(math.tau * place.outer_mm, math.tau * place.inner_mm),
        width_mm=ring.width_mm,
        thickness_mm=thickness_mm,
        stock=(1, side, side),
        net_mm2=around * ring.width_mm,
    )


def _arcs(ring: Ring, place: RingPlace, tiling: Tiling, thickness_mm: float, stock: Stock) -> Part:
    """Return arcs, each cut from its own blank."""
    height = place.outer_mm - place.inner_mm * math.cos(tiling.angle / 2)
    blank = (
        tiling.outer_length_mm + 2 * stock.margin_mm,
        height + 2 * stock.margin_mm,
    )
    return _part(
        ring,
        place,
        "arc",
        count=tiling.count,
        lengths_mm=(tiling.outer_length_mm, tiling.inner_length_mm),
        width_mm=ring.width_mm,
        thickness_mm=thickness_mm,
        stock=(tiling.count, *blank),
        net_mm2=math.tau * place.middle_mm * ring.width_mm,
        tiling=tiling,
    )


def _tiles(ring: Ring, place: RingPlace, tiling: Tiling, thickness_mm: float, stock: Stock) -> Part:
    """Return tiles, sawn from sticks as wide as the ring."""
    each = tiling.outer_length_mm + stock.kerf_mm
    per_stick = max(1, math.floor((stock.strip_length_mm + stock.kerf_mm) / each))
    tile_mm2 = (tiling.outer_length_mm + tiling.inner_length_mm) / 2 * tiling.depth_mm
    return _part(
        ring,
        place,
        "tile",
        count=tiling.count,
        lengths_mm=(tiling.outer_length_mm, tiling.inner_length_mm),
        width_mm=tiling.depth_mm,
        thickness_mm=thickness_mm,
        stock=(math.ceil(tiling.count / per_stick), stock.strip_length_mm, ring.width_mm),
        net_mm2=tiling.count * tile_mm2,
        tiling=tiling,
    )


def _part(
    ring: Ring,
    place: RingPlace,
    kind: PartKind,
    *,
    count: int,
    lengths_mm: tuple[float, float],
    width_mm: float,
    thickness_mm: float,
    stock: tuple[int, float, float],
    net_mm2: float,
    tiling: Tiling | None = None,
) -> Part:
    stock_count, stock_length_mm, stock_width_mm = stock
    return Part(
        ring=place.index,
        kind=kind,
        pattern=ring.pattern,
        material=ring.material_id,
        count=count,
        length_mm=round(lengths_mm[0], 3),
        inner_length_mm=round(lengths_mm[1], 3),
        width_mm=round(width_mm, 3),
        thickness_mm=round(thickness_mm, 3),
        pitch_mm=round(tiling.pitch_mm, 4) if tiling else None,
        taper_deg=round(math.degrees(tiling.angle), 4) if tiling and tiling.is_tapered else 0.0,
        joint_mm=round(tiling.joint_mm, 4) if tiling else 0.0,
        stock_count=stock_count,
        stock_length_mm=round(stock_length_mm, 3),
        stock_width_mm=round(stock_width_mm, 3),
        waste_share=_waste_share(net_mm2, stock_count * stock_length_mm * stock_width_mm),
    )


def _waste_share(net_mm2: float, stock_mm2: float) -> float:
    """Return the share that is lost, which never rounds to all: some of the stock is used."""
    return min(round(1 - net_mm2 / stock_mm2, 4), 0.9999)
