"""The constraints that the engine checks, in the order in which it reports them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from prefect_luthier.rmos.feasibility.advice import (
    on_channel,
    on_cutter,
    on_inlay,
    on_layout,
    on_machine,
)
from prefect_luthier.rmos.feasibility.advice.case import Advise
from prefect_luthier.rmos.feasibility.constraints import channel, cutter, inlay, layout, machine
from prefect_luthier.rmos.feasibility.frame import Frame
from prefect_luthier.rmos.feasibility.measured import Measured
from prefect_luthier.rmos.feasibility.thresholds import Threshold

Measure = Callable[[Frame, Threshold], Measured]


class Rule(NamedTuple):
    """One constraint: what it measures over a batch, and what it says about one violation."""

    measure: Measure
    advise: Advise


RULES: dict[str, Rule] = {
    "finite": Rule(layout.finite, on_layout.finite),
    "material_known": Rule(layout.material_known, on_layout.material_known),
    "soundboard_wood": Rule(layout.soundboard_wood, on_layout.soundboard_wood),
    "radii_order": Rule(layout.radii_order, on_layout.radii_order),
    "soundhole": Rule(layout.soundhole, on_layout.soundhole),
    "ring_sum": Rule(layout.ring_sum, on_layout.ring_sum),
    "target_diameter": Rule(layout.target_diameter, on_layout.target_diameter),
    "edge_land": Rule(layout.edge_land, on_layout.edge_land),
    "land": Rule(layout.land, on_layout.land),
    "floor": Rule(channel.floor, on_channel.floor),
    "depth_least": Rule(channel.depth, on_channel.depth_least),
    "depth_most": Rule(channel.depth, on_channel.depth_most),
    "proud_least": Rule(inlay.proud, on_inlay.proud_least),
    "proud_most": Rule(inlay.proud, on_inlay.proud_most),
    "tool_fit": Rule(channel.tool_fit, on_channel.tool_fit),
    "glue_gap_least": Rule(channel.glue_gap, on_channel.glue_gap_least),
    "glue_gap_most": Rule(channel.glue_gap, on_channel.glue_gap_most),
    "strip_least": Rule(inlay.strip_thickness, on_inlay.strip_least),
    "strip_most": Rule(inlay.strip_fits, on_inlay.strip_most),
    "tile_count": Rule(inlay.tile_count, on_inlay.tile_count),
    "tile_length": Rule(inlay.tile_length, on_inlay.tile_length),
    "tile_pitch": Rule(inlay.tile_pitch, on_inlay.tile_pitch),
    "tile_wedge": Rule(inlay.tile_wedge, on_inlay.tile_wedge),
    "flute": Rule(channel.flute, on_channel.flute),
    "doc": Rule(cutter.depth_of_cut, on_cutter.depth_of_cut),
    "chipload_least": Rule(cutter.chipload, on_cutter.chipload_least),
    "chipload_most": Rule(cutter.chipload, on_cutter.chipload_most),
    "chipload_extreme": Rule(cutter.chipload_extreme, on_cutter.chipload_extreme),
    "plunge": Rule(cutter.plunge, on_cutter.plunge),
    "plunge_axis": Rule(machine.plunge_axis, on_cutter.plunge),
    "spindle_least": Rule(machine.spindle_slow, on_machine.spindle_slow),
    "spindle_most": Rule(machine.spindle_fast, on_machine.spindle_fast),
    "deflect": Rule(cutter.deflection, on_cutter.deflection),
    "power": Rule(cutter.power, on_cutter.power),
    "envelope_plane": Rule(machine.envelope_plane, on_machine.envelope_plane),
    "envelope_height": Rule(machine.envelope_height, on_machine.envelope_height),
    "envelope_feed": Rule(machine.envelope_feed, on_machine.envelope_feed),
    "envelope_acceleration": Rule(machine.envelope_acceleration, on_machine.envelope_acceleration),
}
"""Each rule measures one quantity; its limits stand in ``thresholds.toml`` under its name.

``depth_least`` and ``proud_most`` only warn and weigh nothing in the score: a deeper channel would
satisfy them, and depth must never raise a score.
"""
