"""Designs and contexts for the tests of the rosette domain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import Ring, RosetteSpec
from prefect_luthier.rmos.library.model import Machine, Material, Tool

SPEEDS = {0.79: (27000, 254, 178), 1.59: (27000, 508, 254), 3.175: (22000, 1270, 381)}


@pytest.fixture(scope="session")
def make_context() -> Callable[..., Context]:
    """Give a function that returns a context for one of the three usual cutters."""

    def make(diameter_mm: float = 1.59, *, tool: Any = None, machine: Any = None, **values: Any):
        rpm, feed, plunge = SPEEDS.get(diameter_mm, SPEEDS[1.59])
        given = {
            "material": Material(kind="softwood", density_kg_m3=425, cutting_energy_j_mm3=0.35),
            "top_thickness_mm": 2.8,
            "tool": Tool(
                diameter_mm=diameter_mm,
                flutes=2,
                flute_length_mm=6.35,
                stickout_mm=12.0,
                **(tool or {}),
            ),
            "machine": Machine(
                **{
                    "travel_mm": (425, 465, 80),
                    "max_feed_mm_min": 5000,
                    "max_plunge_mm_min": 1000,
                    "acceleration_mm_s2": 400,
                    "z_acceleration_mm_s2": 200,
                    "spindle_min_rpm": 10000,
                    "spindle_max_rpm": 30000,
                    "spindle_power_w": 800,
                }
                | (machine or {})
            ),
            "spindle_rpm": rpm,
            "feed_mm_min": feed,
            "plunge_mm_min": plunge,
        }
        return Context(**(given | values))

    return make


@pytest.fixture(scope="session")
def make_spec() -> Callable[..., RosetteSpec]:
    """Give a function that returns a design from the widths of its rings and lands."""

    def make(
        widths: Sequence[float],
        lands: Sequence[float] | None = None,
        *,
        hole: float = 101.6,
        edge: float = 5.0,
        depth: float = 1.5,
        per_pass: float = 0.75,
        **values: Any,
    ) -> RosetteSpec:
        return RosetteSpec(
            soundhole_diameter_mm=hole,
            edge_land_mm=edge,
            channel_depth_mm=depth,
            inlay_thickness_mm=depth + 0.2,
            depth_per_pass_mm=per_pass,
            rings=tuple(
                Ring(width_mm=width, land_after_mm=land, material="ebony")
                for width, land in zip(widths, lands or [0.0] * len(widths), strict=True)
            ),
            **values,
        )

    return make
