"""Many designs as arrays: what the engine scores, and what a search proposes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from prefect_luthier.rmos.design.spec import Pattern, Ring, RosetteSpec
from prefect_luthier.rmos.library.model import Material

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

PATTERNS: tuple[Pattern, ...] = (
    "line", "solid", "herringbone", "rope", "mosaic", "tiles", "shell",
)  # fmt: skip
"""The patterns by their number in a batch."""


@dataclass(frozen=True)
class SpecBatch:
    """N designs of up to R rings, as arrays; what a design lacks is NaN.

    Entries of rings that a design does not have are padding and never looked at.

    Args:
        soundhole_mm: ``(N,)`` diameters of the soundhole.
        edge_land_mm: ``(N,)``; 0 is an edge-bound ring.
        depth_mm: ``(N,)`` depths of the channels.
        inlay_mm: ``(N,)`` thicknesses of the inlay.
        gap_mm: ``(N,)`` glue gaps on each side.
        pass_mm: ``(N,)`` depths of one pass.
        outer_mm: ``(N,)`` declared outer diameters; NaN where none is declared.
        ring_count: ``(N,)`` numbers of rings.
        width_mm: ``(N, R)`` widths of the rings.
        land_after_mm: ``(N, R)`` lands outside each ring.
        tile_length_mm: ``(N, R)``; NaN where there is none.
        strip_mm: ``(N, R)`` thicknesses of strips; NaN where there is none.
        tapered: ``(N, R)`` whether tiles are wedges.
        pattern: ``(N, R)`` numbers into ``PATTERNS``.
        material: ``(N, R)`` numbers into ``palette``.
        palette: The materials that occur: library ids, or materials themselves.
    """

    soundhole_mm: Floats
    edge_land_mm: Floats
    depth_mm: Floats
    inlay_mm: Floats
    gap_mm: Floats
    pass_mm: Floats
    outer_mm: Floats
    ring_count: Integers
    width_mm: Floats
    land_after_mm: Floats
    tile_length_mm: Floats
    strip_mm: Floats
    tapered: Booleans
    pattern: Integers
    material: Integers
    palette: tuple[str | Material, ...]

    def __len__(self) -> int:
        return len(self.soundhole_mm)

    @classmethod
    def of(cls, specs: Sequence[RosetteSpec]) -> SpecBatch:
        """Return designs as arrays."""
        palette: dict[str | Material, int] = {}
        most = max((len(spec.rings) for spec in specs), default=1)
        rings = [_row(spec, most, palette) for spec in specs]
        columns = list(zip(*rings, strict=True)) if rings else [()] * 7
        heads = np.array([_head(spec) for spec in specs], dtype=float).reshape(-1, 7)
        return cls(
            soundhole_mm=heads[:, 0],
            edge_land_mm=heads[:, 1],
            depth_mm=heads[:, 2],
            inlay_mm=heads[:, 3],
            gap_mm=heads[:, 4],
            pass_mm=heads[:, 5],
            outer_mm=heads[:, 6],
            ring_count=np.array([len(spec.rings) for spec in specs], dtype=np.int64),
            width_mm=_grid(columns[0], most, float),
            land_after_mm=_grid(columns[1], most, float),
            tile_length_mm=_grid(columns[2], most, float),
            strip_mm=_grid(columns[3], most, float),
            tapered=_grid(columns[4], most, bool),
            pattern=_grid(columns[5], most, np.int64),
            material=_grid(columns[6], most, np.int64),
            palette=tuple(palette),
        )

    def spec(self, index: int) -> RosetteSpec:
        """Return one design as a value.

        Raises:
            ValueError: The arrays hold no valid design there: a NaN or a negative length.
        """
        outer = self.outer_mm[index]
        return RosetteSpec(
            soundhole_diameter_mm=float(self.soundhole_mm[index]),
            edge_land_mm=float(self.edge_land_mm[index]),
            channel_depth_mm=float(self.depth_mm[index]),
            inlay_thickness_mm=float(self.inlay_mm[index]),
            glue_gap_mm=float(self.gap_mm[index]),
            depth_per_pass_mm=float(self.pass_mm[index]),
            outer_diameter_mm=None if np.isnan(outer) else float(outer),
            rings=tuple(self._ring(index, place) for place in range(self.ring_count[index])),
        )

    def _ring(self, index: int, place: int) -> Ring:
        tile, strip = self.tile_length_mm[index, place], self.strip_mm[index, place]
        return Ring(
            width_mm=float(self.width_mm[index, place]),
            land_after_mm=float(self.land_after_mm[index, place]),
            pattern=PATTERNS[self.pattern[index, place]],
            tile_length_mm=None if np.isnan(tile) else float(tile),
            tile_tapered=bool(self.tapered[index, place]),
            strip_thickness_mm=None if np.isnan(strip) else float(strip),
            material=self.palette[self.material[index, place]],
        )

    def take(self, indices: Any) -> SpecBatch:
        """Return the designs of an index array, a mask or a slice."""
        arrays = {
            field.name: getattr(self, field.name)[indices]
            for field in fields(self)
            if field.name != "palette"
        }
        return replace(self, **arrays)


def _head(spec: RosetteSpec) -> tuple[float, ...]:
    outer = spec.outer_diameter_mm
    return (
        spec.soundhole_diameter_mm,
        spec.edge_land_mm,
        spec.channel_depth_mm,
        spec.inlay_thickness_mm,
        spec.glue_gap_mm,
        spec.depth_per_pass_mm,
        np.nan if outer is None else outer,
    )


def _row(spec: RosetteSpec, most: int, palette: dict[str | Material, int]) -> tuple[list[Any], ...]:
    rings = spec.rings
    spare = most - len(rings)
    return (
        [ring.width_mm for ring in rings] + [1.0] * spare,
        [ring.land_after_mm for ring in rings] + [0.0] * spare,
        [_or_nan(ring.tile_length_mm) for ring in rings] + [np.nan] * spare,
        [_or_nan(ring.strip_thickness_mm) for ring in rings] + [np.nan] * spare,
        [ring.tile_tapered for ring in rings] + [False] * spare,
        [PATTERNS.index(ring.pattern) for ring in rings] + [0] * spare,
        [palette.setdefault(ring.material, len(palette)) for ring in rings] + [0] * spare,
    )


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


def _grid(rows: Sequence[Any], most: int, kind: Any) -> Any:
    return np.array(rows, dtype=kind).reshape(-1, most)
