"""Feed per tooth in wood, from the library's tables."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import get_args

import numpy as np

from prefect_luthier.rmos.library.library import Figure, read_data, read_figure
from prefect_luthier.rmos.library.model import ChiploadClass, Material, Tool

CHIPLOAD_CLASSES: tuple[ChiploadClass, ...] = get_args(ChiploadClass)
"""The tables by name; they are never mixed."""

_DIAMETER = "diameter_mm"
_HARDNESS = "janka_n"


@cache
def chipload_table(name: ChiploadClass) -> tuple[tuple[float, Figure], ...]:
    """Return the rows ``(diameter, chipload)`` of a table, mm, by diameter."""
    rows = read_data("chiploads.toml")[name]
    return tuple((row[_DIAMETER], read_figure(row["chipload_mm"])) for row in rows)


@cache
def hardness_shares() -> tuple[tuple[float, Figure], ...]:
    """Return the rows ``(side hardness in N, share of the chipload)``, by hardness."""
    rows = read_data("chiploads.toml")["hardness"]
    return tuple((row[_HARDNESS], read_figure(row["share"])) for row in rows)


def chipload_mm(tool: Tool, material: Material, name: ChiploadClass) -> float:
    """Return the feed per tooth that a table states for a cutter in a wood, mm.

    Between two diameters it is interpolated; beyond the table it grows and shrinks in
    proportion to the diameter. Harder wood takes a smaller share.
    """
    rows = chipload_table(name)
    diameters = [diameter for diameter, _ in rows]
    nearest = min(max(tool.diameter_mm, diameters[0]), diameters[-1])
    per_tooth = _interpolated(nearest, rows) * tool.diameter_mm / nearest
    return per_tooth * _interpolated(side_hardness_n(material), hardness_shares())


def side_hardness_n(material: Material) -> float:
    """Return a wood's side hardness, N; estimated from its density when it is not known.

    The estimate is the Wood Handbook's, for specific gravity G at 12 % moisture:
    15 300 G^2.09 for hardwoods and 8 590 G^1.49 for softwoods.
    """
    if material.janka_n is not None:
        return material.janka_n
    gravity = material.density_kg_m3 / 1120  # the density holds 12 % water, G is oven-dry mass
    if material.kind == "softwood":
        return float(8590 * gravity**1.49)
    return float(15300 * gravity**2.09)


def _interpolated(at: float, rows: Sequence[tuple[float, Figure]]) -> float:
    return float(np.interp(at, [x for x, _ in rows], [figure.value for _, figure in rows]))
