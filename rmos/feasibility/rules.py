"""The constraints that the engine checks, in the order in which it reports them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from prefect_luthier.rmos.feasibility.advice import channel as say_channel
from prefect_luthier.rmos.feasibility.advice import cutter as say_cutter
from prefect_luthier.rmos.feasibility.advice import inlay as say_inlay
from prefect_luthier.rmos.feasibility.advice import layout as say_layout
from prefect_luthier.rmos.feasibility.advice import machine as say_machine
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
    "finite": Rule(layout.finite, say_layout.finite),
    "material_known": Rule(layout.material_known, say_layout.material_known),
    "soundboard_wood": Rule(layout.soundboard_wood, say_layout.soundboard_wood),
    "radii_order": Rule(layout.radii_order, say_layout.radii_order),
    "soundhole": Rule(layout.soundhole, say_layout.soundhole),
    "ring_sum": Rule(layout.ring_sum, say_layout.ring_sum),
    "target_diameter": Rule(layout.target_diameter, say_layout.target_diameter),
    "edge_land": Rule(layout.edge_land, say_layout.edge_land),
    "land": Rule(layout.land, say_layout.land),
    "floor": Rule(channel.floor, say_channel.floor),
    "depth_least": Rule(channel.depth, say_channel.depth_least),
    "depth_most": Rule(channel.depth, say_channel.depth_most),
    "proud_least": Rule(inlay.proud, say_inlay.proud_least),
    "proud_most": Rule(inlay.proud, say_inlay.proud_most),
    "tool_fit": Rule(channel.tool_fit, say_channel.tool_fit),
    "glue_gap_least": Rule(channel.glue_gap, say_channel.glue_gap_least),
    "glue_gap_most": Rule(channel.glue_gap, say_channel.glue_gap_most),
    "strip_least": Rule(inlay.strip_thickness, say_inlay.strip_least),
    "strip_most": Rule(inlay.strip_fits, say_inlay.strip_most),
    "tile_count": Rule(inlay.tile_count, say_inlay.tile_count),
    "tile_pitch": Rule(inlay.tile_pitch, say_inlay.tile_pitch),
    "tile_wedge": Rule(inlay.tile_wedge, say_inlay.tile_wedge),
    "flute": Rule(channel.flute, say_channel.flute),
    "doc": Rule(cutter.depth_of_cut, say_cutter.depth_of_cut),
    "chipload_least": Rule(cutter.chipload, say_cutter.chipload_least),
    "chipload_most": Rule(cutter.chipload, say_cutter.chipload_most),
    "chipload_extreme": Rule(cutter.chipload_extreme, say_cutter.chipload_extreme),
    "plunge": Rule(cutter.plunge, say_cutter.plunge),
    "plunge_axis": Rule(machine.plunge_axis, say_cutter.plunge),
    "spindle_least": Rule(machine.spindle_slow, say_machine.spindle_slow),
    "spindle_most": Rule(machine.spindle_fast, say_machine.spindle_fast),
    "deflect": Rule(cutter.deflection, say_cutter.deflection),
    "power": Rule(cutter.power, say_cutter.power),
    "envelope_plane": Rule(machine.envelope_plane, say_machine.envelope_plane),
    "envelope_height": Rule(machine.envelope_height, say_machine.envelope_height),
    "envelope_feed": Rule(machine.envelope_feed, say_machine.envelope_feed),
    "envelope_acceleration": Rule(machine.envelope_acceleration, say_machine.envelope_acceleration),
}
"""Each rule measures one quantity; its limits stand in ``thresholds.toml`` under its name.

``depth_least`` and ``proud_most`` only warn and weigh nothing in the score: a deeper channel would
satisfy them, and depth must never raise a score.
"""
