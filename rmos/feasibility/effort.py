"""How much work a design is, so that of two sound designs the simpler one scores higher."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from prefect_luthier.rmos.feasibility.frame import Frame
from prefect_luthier.rmos.feasibility.spec_batch import PATTERNS, Floats

EFFORT_FILE = Path(__file__).with_name("effort.toml")

_MM2_IN_M2 = 1e6
_MM_IN_M = 1e3


@cache
def effort_data() -> dict[str, Any]:
    """Return the figures that the effort is worked out from."""
    return tomllib.loads(EFFORT_FILE.read_text("utf-8"))


def effort_min(frame: Frame) -> Floats:
    """Return the minutes that every design takes, ``(N,)``; it grows with every quantity.

    It grows with the depth too, so it never rewards a deeper channel.
    """
    return np.asarray(_cutting(frame) + _inlaying(frame) + _sealing(frame))


def _cutting(frame: Frame) -> Floats:
    """Minutes of cutting: the channels' area, pass by pass, at stepover and feed."""
    batch, context = frame.batch, frame.context
    swept_mm = effort_data()["stepover"] * context.tool.diameter_mm * context.feed_mm_min
    areas = _over_rings(frame, frame.middle_mm * (batch.width_mm + 2 * batch.gap_mm[:, None]))
    return np.asarray(2 * np.pi * areas * (batch.depth_mm / batch.pass_mm) / swept_mm)


def _inlaying(frame: Frame) -> Floats:
    """Minutes of making and levelling the inlay, by pattern, length, tiles and material.

    What is missing is blocked elsewhere; here it costs what is usual, so that blocked designs
    differ in their scores like others do.
    """
    data, batch = effort_data(), frame.batch
    energy = np.nan_to_num(frame.inlay_energy_j_mm3, nan=data["usual_energy_j_mm3"])
    rates = np.array([data["patterns"][name]["metre_min"] for name in PATTERNS])
    each = np.array([data["patterns"][name]["tile_min"] for name in PATTERNS])
    length_mm = 2 * np.pi * frame.middle_mm
    strips = np.maximum(batch.width_mm / frame.strip_mm, 1) - 1
    rate = rates[batch.pattern] + data["strip_min_m"] * strips
    minutes = rate * length_mm / _MM_IN_M * (0.5 + energy)
    tapering = 1 + data["taper"]["share"] * batch.tapered
    tiles = np.where(frame.is_tiled, np.nan_to_num(length_mm / batch.tile_length_mm), 0.0)
    minutes = minutes + each[batch.pattern] * tiles * tapering
    volume = length_mm * batch.width_mm * batch.inlay_mm[:, None] / 1000
    minutes = minutes + data["levelling_min"] * volume * energy
    return _over_rings(frame, minutes)


def _sealing(frame: Frame) -> Floats:
    """Minutes of sealing the soundboard beside the rings, the outermost land included."""
    batch = frame.batch
    edge = 2 * np.pi * (frame.hole_mm + batch.edge_land_mm / 2) * batch.edge_land_mm
    middle = frame.outer_mm + batch.land_after_mm / 2
    lands = _over_rings(frame, 2 * np.pi * middle * batch.land_after_mm)
    return np.asarray((edge + lands) * effort_data()["sealing_min_m2"] / _MM2_IN_M2)


def _over_rings(frame: Frame, values: Floats) -> Floats:
    return np.asarray(np.where(frame.has_ring, values, 0.0).sum(axis=1))
