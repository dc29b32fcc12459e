"""What the constraints look at: a batch of designs, its context and the geometry of both."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import TILED_PATTERNS
from prefect_luthier.rmos.feasibility.spec_batch import (
    PATTERNS,
    Booleans,
    Floats,
    SpecBatch,
)
from prefect_luthier.rmos.library.library import load_library
from prefect_luthier.rmos.library.model import Material

_TILED = np.array([pattern in TILED_PATTERNS for pattern in PATTERNS])


@dataclass(frozen=True)
class Frame:
    """Designs and context, with the radii of rings and channels, worked out once.

    All lengths in mm; arrays are ``(N,)`` by design or ``(N, R)`` by ring, float64.
    """

    batch: SpecBatch
    context: Context

    def __post_init__(self) -> None:
        """Lay the rings' arrays out by column: what goes over all rings then runs over columns."""
        batch = self.batch
        columns: dict[str, Any] = {
            field.name: np.asfortranarray(getattr(batch, field.name))
            for field in fields(batch)
            if field.name != "palette"
        }
        object.__setattr__(self, "batch", replace(batch, **columns))

    @cached_property
    def has_ring(self) -> Booleans:
        """``(N, R)``: where a ring is, and not padding."""
        places = np.arange(self.batch.width_mm.shape[1])
        return np.asfortranarray(places < self.batch.ring_count[:, None])

    @cached_property
    def is_last(self) -> Booleans:
        """``(N, R)``: the outermost ring."""
        places = np.arange(self.batch.width_mm.shape[1])
        return np.asfortranarray(places == self.batch.ring_count[:, None] - 1)

    @cached_property
    def hole_mm(self) -> Floats:
        """``(N,)``: radius of the soundhole."""
        return self.batch.soundhole_mm / 2

    @cached_property
    def inner_mm(self) -> Floats:
        """``(N, R)``: inner radius of each ring."""
        steps = self.batch.width_mm + self.batch.land_after_mm
        inner = np.empty_like(steps)
        inner[:, 0] = self.hole_mm + self.batch.edge_land_mm
        for place in range(1, inner.shape[1]):
            inner[:, place] = inner[:, place - 1] + steps[:, place - 1]
        return inner

    @cached_property
    def outer_mm(self) -> Floats:
        """``(N, R)``: outer radius of each ring."""
        return np.asarray(self.inner_mm + self.batch.width_mm)

    @cached_property
    def middle_mm(self) -> Floats:
        """``(N, R)``: radius of each ring's middle."""
        return self.outer_mm - self.batch.width_mm / 2

    @cached_property
    def rosette_mm(self) -> Floats:
        """``(N,)``: outer radius of the outermost ring."""
        rows = np.arange(len(self.batch))
        return np.asarray(self.outer_mm[rows, np.maximum(self.batch.ring_count, 1) - 1])

    @cached_property
    def ends_channel(self) -> Booleans:
        """``(N, R)``: whether a channel's outer wall is at the ring's outer edge."""
        return self.has_ring & (self.is_last | (self.batch.land_after_mm > 0))

    @cached_property
    def channel_inner_mm(self) -> Floats:
        """``(N, R)``: inner wall of the channel that a ring lies in, glue gap included.

        An edge-bound channel is open to the soundhole: there is no gap on its inner side.
        """
        walls = self.inner_mm - self.batch.gap_mm[:, None]
        walls[:, 0] = np.where(self.is_edge_bound, self.inner_mm[:, 0], walls[:, 0])
        for place in range(1, walls.shape[1]):
            shares = self.batch.land_after_mm[:, place - 1] == 0
            walls[:, place] = np.where(shares, walls[:, place - 1], walls[:, place])
        return walls

    @cached_property
    def channel_width_mm(self) -> Floats:
        """``(N, R)``: width between the walls of a channel, at the ring that ends it."""
        return self.outer_mm + self.batch.gap_mm[:, None] - self.channel_inner_mm

    @cached_property
    def is_edge_bound(self) -> Booleans:
        """``(N,)``: whether the first ring starts at the soundhole."""
        return np.asarray(self.batch.edge_land_mm == 0)

    @cached_property
    def is_tiled(self) -> Booleans:
        """``(N, R)``: whether a ring is set from tiles."""
        return np.asarray(self.has_ring & _TILED[self.batch.pattern])

    @cached_property
    def tile_count(self) -> Floats:
        """``(N, R)``: tiles of a ring, ``round(2 π r / length)``; NaN without a length."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.round(2 * np.pi * self.middle_mm / self.batch.tile_length_mm)

    @cached_property
    def strip_mm(self) -> Floats:
        """``(N, R)``: thickness of the strips in a ring; its width when none is given."""
        return np.where(np.isnan(self.batch.strip_mm), self.batch.width_mm, self.batch.strip_mm)

    @cached_property
    def cut_mm(self) -> Floats:
        """``(N,)``: depth of the deepest pass, ``min(pass, channel depth)``."""
        return np.minimum(self.batch.pass_mm, self.batch.depth_mm)

    @cached_property
    def palette(self) -> tuple[Material | None, ...]:
        """The batch's materials; None for an id that the library does not have."""
        materials = load_library().materials
        return tuple(
            entry if isinstance(entry, Material) else materials.get(entry)
            for entry in self.batch.palette
        )

    @cached_property
    def is_known(self) -> Booleans:
        """``(N, R)``: whether the library has a ring's material."""
        known = np.array([material is not None for material in self.palette], dtype=bool)
        return known[self.batch.material] if len(known) else np.zeros(self.has_ring.shape, bool)

    @cached_property
    def inlay_energy_j_mm3(self) -> Floats:
        """``(N, R)``: specific cutting energy of a ring's material; NaN for an unknown one."""
        energies = [
            material.cutting_energy_j_mm3 if material else np.nan for material in self.palette
        ]
        return np.array(energies or [np.nan], dtype=float)[self.batch.material]
