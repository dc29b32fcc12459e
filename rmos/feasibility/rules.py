"""The constraints that the engine checks, in the order in which it reports them."""

from __future__ import annotations

from collections.abc import Callable

from prefect_luthier.rmos.feasibility.constraints import channel, cutter, inlay, layout, machine
from prefect_luthier.rmos.feasibility.frame import Frame
from prefect_luthier.rmos.feasibility.measured import Measured
from prefect_luthier.rmos.feasibility.thresholds import Threshold

Measure = Callable[[Frame, Threshold], Measured]

RULES: dict[str, Measure] = {
    "finite": layout.finite,
    "material_known": layout.material_known,
    "soundboard_wood": layout.soundboard_wood,
    "radii_order": layout.radii_order,
    "soundhole": layout.soundhole,
    "ring_sum": layout.ring_sum,
    "target_diameter": layout.target_diameter,
    "edge_land": layout.edge_land,
    "land": layout.land,
    "floor": channel.floor,
    "depth_least": channel.depth,
    "depth_most": channel.depth,
    "proud_least": inlay.proud,
    "proud_most": inlay.proud,
    "tool_fit": channel.tool_fit,
    "glue_gap_least": channel.glue_gap,
    "glue_gap_most": channel.glue_gap,
    "strip_least": inlay.strip_thickness,
    "strip_most": inlay.strip_fits,
    "tile_count": inlay.tile_count,
    "tile_pitch": inlay.tile_pitch,
    "tile_wedge": inlay.tile_wedge,
    "flute": channel.flute,
    "doc": cutter.depth_of_cut,
    "chipload_least": cutter.chipload,
    "chipload_most": cutter.chipload,
    "chipload_extreme": cutter.chipload_extreme,
    "plunge": cutter.plunge,
    "plunge_axis": machine.plunge_axis,
    "spindle_least": machine.spindle_slow,
    "spindle_most": machine.spindle_fast,
    "deflect": cutter.deflection,
    "power": cutter.power,
    "envelope_plane": machine.envelope_plane,
    "envelope_height": machine.envelope_height,
    "envelope_feed": machine.envelope_feed,
    "envelope_acceleration": machine.envelope_acceleration,
}
"""Each rule measures one quantity; its limits stand in ``data/thresholds.toml`` under its name.

``depth_least`` and ``proud_most`` only warn and weigh nothing in the score: a deeper channel would
satisfy them, and depth must never raise a score.
"""
