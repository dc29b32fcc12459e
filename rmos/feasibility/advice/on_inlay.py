"""What to say about strips, tiles and the inlay's thickness."""

from __future__ import annotations

import math

from prefect_luthier.rmos.feasibility.advice.case import (
    Advice,
    Case,
    down,
    figure,
    in_ring,
    in_spec,
    up,
)
from prefect_luthier.rmos.geometry.radii import ring_places

_FEWEST_TILES = 3


def proud_least(case: Case) -> Advice:
    """Say that the inlay lies too low in its channel."""
    spec = case.spec
    thickness = up(spec.channel_depth_mm + case.clear)
    where = "below" if case.value < 0 else "above"
    return Advice(
        f"an inlay of {figure(spec.inlay_thickness_mm)} mm in a channel of "
        f"{figure(spec.channel_depth_mm)} mm ends {figure(abs(case.value))} mm {where} the top; "
        f"it must stand at least {figure(case.limit)} mm proud.",
        f"Set inlay_thickness_mm to {figure(thickness)}.",
        in_spec("/inlay_thickness_mm", thickness),
    )


def proud_most(case: Case) -> Advice:
    """Say that much of the inlay is levelled away."""
    thickness = down(case.spec.channel_depth_mm + case.clear)
    return Advice(
        f"the inlay stands {figure(case.value)} mm proud; more than {figure(case.limit)} mm is "
        "only levelled away.",
        f"Set inlay_thickness_mm to {figure(thickness)}.",
        in_spec("/inlay_thickness_mm", thickness),
    )


def strip_least(case: Case) -> Advice:
    """Say that a strip is too thin to make."""
    field = "width_mm" if case.the_ring.strip_thickness_mm is None else "strip_thickness_mm"
    clear = up(case.clear)
    return Advice(
        f"the strips of {case.place} are {figure(case.value)} mm thick; {figure(case.limit)} mm "
        "is the thinnest that can be bent and levelled.",
        f"Set {field} of {case.place} to {figure(clear)}.",
        in_ring(case, field, clear),
    )


def strip_most(case: Case) -> Advice:
    """Say that a strip is thicker than its ring."""
    width = case.the_ring.width_mm
    return Advice(
        f"strips of {figure(case.value)} mm do not fit {case.place}, which is {figure(width)} mm "
        "wide.",
        f"Set strip_thickness_mm of {case.place} to {figure(width)}.",
        in_ring(case, "strip_thickness_mm", width),
    )


def tile_count(case: Case) -> Advice:
    """Say that a ring has too few tiles, or no tile length at all."""
    ring, around = case.the_ring, _circumference_mm(case)
    if ring.tile_length_mm is None:
        tiles = max(_FEWEST_TILES, round(around / ring.width_mm))
        message = f"{case.place} is {ring.pattern}, but has no tile_length_mm."
    else:
        tiles = _FEWEST_TILES
        message = (
            f"tiles of {figure(ring.tile_length_mm)} mm go {figure(case.value)} times around "
            f"{case.place}; at least {figure(case.limit)} close a ring."
        )
    return _close(case, message, tiles)


def tile_length(case: Case) -> Advice:
    """Say that tiles are too short to be cut and set."""
    message = (
        f"the tiles of {case.place} are {figure(case.value)} mm long; {figure(case.limit)} mm is "
        "the shortest that can be cut and set."
    )
    tiles = max(_FEWEST_TILES, math.floor(_circumference_mm(case) / up(case.clear)))
    return _close(case, message, tiles)


def tile_pitch(case: Case) -> Advice:
    """Say that the tiles do not close the ring."""
    length, around = case.the_ring.tile_length_mm or 0.0, _circumference_mm(case)
    tiles = max(1, round(around / length))
    message = (
        f"{tiles} tiles of {figure(length)} mm miss the {figure(around)} mm around {case.place} "
        f"by {figure(case.value)} % of a tile each; {figure(case.limit)} % is the most."
    )
    return _close(case, message, tiles)


def tile_wedge(case: Case) -> Advice:
    """Say that straight tiles gape outside."""
    return Advice(
        f"straight tiles that touch inside {case.place} gape {figure(case.value)} mm outside; "
        f"{figure(case.limit)} mm is the most.",
        f"Cut the tiles tapered: set tile_tapered of {case.place} to true.",
        in_ring(case, "tile_tapered", value=True),
    )


def _close(case: Case, message: str, tiles: int) -> Advice:
    length = down(_circumference_mm(case) / tiles)
    return Advice(
        message,
        f"Set tile_length_mm of {case.place} to {figure(length)}: {tiles} tiles close the ring.",
        in_ring(case, "tile_length_mm", length),
    )


def _circumference_mm(case: Case) -> float:
    return 2 * math.pi * ring_places(case.spec)[case.ring or 0].middle_mm
