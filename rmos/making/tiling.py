"""How a ring is divided into tiles or arcs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from prefect_luthier.errors import LuthierError
from prefect_luthier.rmos.design.spec import TILED_PATTERNS, Ring, RosetteSpec
from prefect_luthier.rmos.geometry.radii import RingPlace, ring_places

SHELL_PIECE_MM = 25.0
"""Longest arc of shell; blanks of abalone and pearl are seldom longer (an estimate)."""

MOST_PIECES = 10_000
"""Pieces in one ring; a mosaic with tiles of half a millimetre around a soundhole has 700."""

_MOST_TIMES = 1e12

BENDABLE_MM = 1.0
"""Thickest strip that is bent around a soundhole; thicker rings are turned (an estimate)."""


@dataclass(frozen=True)
class Tiling:
    """A ring in equal pieces.

    Args:
        count: How many pieces.
        inner_mm: Inner radius.
        outer_mm: Outer radius.
        is_tapered: Whether the pieces are wedges, so that their joints close.
    """

    count: int
    inner_mm: float
    outer_mm: float
    is_tapered: bool

    @property
    def angle(self) -> float:
        """Angle of one piece, rad."""
        return math.tau / self.count

    @property
    def pitch_mm(self) -> float:
        """Length of one piece along the ring's middle."""
        return self.angle * (self.inner_mm + self.outer_mm) / 2

    @property
    def inner_length_mm(self) -> float:
        """Width of a piece at its inner edge; straight pieces touch each other there."""
        half = math.tan(self.angle / 2) if not self.is_tapered else math.sin(self.angle / 2)
        return 2 * self.inner_mm * half

    @property
    def outer_length_mm(self) -> float:
        """Width of a piece at its outer edge, along the chord; tapered or not."""
        if not self.is_tapered:
            return self.inner_length_mm
        return 2 * self.outer_mm * math.sin(self.angle / 2)

    @property
    def straight_outer_mm(self) -> float:
        """How far out a straight piece reaches, when its outer corners lie on the outer circle."""
        return math.sqrt(max(self.outer_mm**2 - (self.inner_length_mm / 2) ** 2, 0.0))

    @property
    def depth_mm(self) -> float:
        """Size of a piece from the inside out; a straight one does not fill the ring's curve."""
        outer = self.outer_mm if self.is_tapered else self.straight_outer_mm
        return max(outer - self.inner_mm, 0.0)

    @property
    def joint_mm(self) -> float:
        """Gap that stays open between two pieces at the outer edge."""
        if self.is_tapered:
            return 0.0
        return 2 * self.straight_outer_mm * math.tan(self.angle / 2) - self.inner_length_mm


def tiling_of(ring: Ring, place: RingPlace) -> Tiling | None:
    """Return how a ring is divided, or None when it is in one piece.

    Tiles have the whole number that comes closest to the pitch that was asked for.
    """
    circumference = math.tau * place.middle_mm
    if ring.pattern == "shell":
        count = max(3, math.ceil(_times(circumference, ring.tile_length_mm or SHELL_PIECE_MM)))
        return Tiling(count, place.inner_mm, place.outer_mm, is_tapered=True)
    if ring.pattern not in TILED_PATTERNS or ring.tile_length_mm is None:
        return None
    count = max(3, round(_times(circumference, ring.tile_length_mm)))
    return Tiling(count, place.inner_mm, place.outer_mm, ring.tile_tapered)


def strip_count(ring: Ring) -> int:
    """Return of how many strips a ring consists that is not divided along its length."""
    return max(1, round(_times(ring.width_mm, ring.strip_thickness_mm or ring.width_mm)))


def _times(whole_mm: float, part_mm: float) -> float:
    """Return how often a part goes into the whole; a number also where the quotient overflows."""
    return min(whole_mm / part_mm, _MOST_TIMES)


def check_pieces(spec: RosetteSpec) -> None:
    """Refuse pieces so small that nobody could set them, and lists of them that nobody could read.

    The engine blocks such a design; an override must not make it.

    Raises:
        LuthierError: There are too many (``too-many-pieces``).
    """
    for ring, place in zip(spec.rings, ring_places(spec), strict=True):
        tiling = tiling_of(ring, place)
        count = strip_count(ring) if tiling is None else tiling.count
        if count > MOST_PIECES:
            raise LuthierError(
                "too-many-pieces",
                f"ring {place.index + 1} would have {count:,} pieces; {MOST_PIECES:,} are the "
                "most.",
                "Take longer tiles or thicker strips.",
            )


def is_turned(ring: Ring) -> bool:
    """Return whether a ring is cut in one piece, as its strips are too thick to bend."""
    divided = ring.pattern == "shell" or (
        ring.pattern in TILED_PATTERNS and ring.tile_length_mm is not None
    )
    return not divided and ring.width_mm / strip_count(ring) > BENDABLE_MM
