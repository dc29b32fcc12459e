"""The feasibility engine once more, in plain Python and without arrays.

It shares the data files with the engine and no code: limits, library and effort are read from the
same TOML. It is what the batch form is measured against, and a second opinion on every formula.
"""

from __future__ import annotations

import math
from typing import Any

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import TILED_PATTERNS, Ring, RosetteSpec
from prefect_luthier.rmos.feasibility.effort import effort_data
from prefect_luthier.rmos.feasibility.thresholds import Threshold, load_thresholds
from prefect_luthier.rmos.library.chiploads import chipload_mm
from prefect_luthier.rmos.library.library import load_library

RULES = load_thresholds().rules
EFFORT = effort_data()
MATERIALS = load_library().materials

# (value, base) of a rule; more than one for rings; none where it does not apply.
Values = dict[str, list[tuple[float, float]]]


def plain_score(spec: RosetteSpec, context: Context) -> tuple[float, bool]:
    """Return a design's score, and whether it is blocked."""
    places = _places(spec)
    values: Values = {key: [] for key in RULES}
    _of_layout(spec, context, places, values)
    _of_rings(spec, places, values)
    _of_cutting(spec, context, places, values)
    weights = mean = inverse = excess = 0.0
    red = False
    for key, rule in RULES.items():
        margins = [_margin(rule, value, base) for value, base in values[key]]
        over = [min(margin, -1e-9) for margin, is_red in margins if is_red]
        red = red or bool(over)
        excess -= sum(over)
        least = min((margin for margin, _ in margins), default=math.inf)
        if rule.weight:
            comfort = 0.05 / (1 - least) if least < 0 else 1 - 0.95 * 0.5 / (least + 0.5)
            weights += rule.weight
            mean += rule.weight * comfort
            inverse += rule.weight / comfort**2
    comfort = EFFORT["half_score_min"] / (EFFORT["half_score_min"] + _effort(spec, context, places))
    weights += EFFORT["weight"]
    mean += EFFORT["weight"] * comfort
    inverse += EFFORT["weight"] / comfort**2
    if red:
        return 40 * mean / weights / (1 + excess), True
    return 50 + 50 * math.sqrt(weights / inverse), False


def _places(spec: RosetteSpec) -> list[tuple[float, float]]:
    places, radius = [], spec.soundhole_diameter_mm / 2 + spec.edge_land_mm
    for ring in spec.rings:
        places.append((radius, radius + ring.width_mm))
        radius += ring.width_mm + ring.land_after_mm
    return places


def _margin(rule: Threshold, value: float, base: float) -> tuple[float, bool]:
    sign = 1.0 if rule.at_most else -1.0
    limit = rule.red or rule.yellow
    assert limit is not None
    room = sign * (limit.value * base - value)
    is_red = rule.red is not None and room < -1e-9 * (1 + abs(base))
    if rule.is_exact:
        return (room if is_red else 1.0), is_red
    assert rule.comfort is not None
    share = room / (abs(limit.value - rule.comfort.value) * abs(base))
    if rule.red is not None:
        return (share if is_red else max(share, 0.0)), is_red
    return (0.5 / (1 - share) if share < 0 else 0.5 + 0.5 * share), False


def _of_layout(spec: RosetteSpec, context: Context, places: Any, values: Values) -> None:
    hole = spec.soundhole_diameter_mm / 2
    outer = places[-1][1]
    values["finite"] = [(0.0, 1.0)]
    wood = context.material.kind in {"softwood", "hardwood"}
    values["soundboard_wood"] = [(float(wood), 1.0)]
    fixed = context.soundhole_diameter_mm
    inside = max(hole, fixed / 2) if fixed is not None else hole
    for index, (inner, _) in enumerate(places):
        before = inside if index == 0 else places[index - 1][1]
        values["radii_order"].append((inner - before, 1.0))
    if fixed is not None:
        values["soundhole"] = [(abs(spec.soundhole_diameter_mm - fixed), 1.0)]
    if spec.outer_diameter_mm is not None:
        values["ring_sum"] = [(abs(outer - spec.outer_diameter_mm / 2), 1.0)]
    if context.target_diameter_mm is not None:
        values["target_diameter"] = [(abs(outer - context.target_diameter_mm / 2), 1.0)]
    if spec.edge_land_mm != 0:
        values["edge_land"] = [(spec.edge_land_mm, 1.0)]
    lands = [ring.land_after_mm for ring in spec.rings[:-1]]
    values["land"] = [(land, 1.0) for land in lands if land != 0]


def _of_rings(spec: RosetteSpec, places: Any, values: Values) -> None:
    for ring, (inner, outer) in zip(spec.rings, places, strict=True):
        known = not isinstance(ring.material, str) or MATERIALS.get(ring.material) is not None
        values["material_known"].append((float(known), 1.0))
        strip = ring.width_mm if ring.strip_thickness_mm is None else ring.strip_thickness_mm
        values["strip_least"].append((strip, 1.0))
        values["strip_most"].append((strip, ring.width_mm))
        if ring.pattern in TILED_PATTERNS:
            _of_tiles(ring, 2 * math.pi * (inner + outer) / 2, values)


def _of_tiles(ring: Ring, around: float, values: Values) -> None:
    if ring.tile_length_mm is None:
        raise ValueError("a tiled ring without a tile length is for the engine alone")
    tiles = round(around / ring.tile_length_mm)
    values["tile_count"].append((tiles, 1.0))
    values["tile_length"].append((ring.tile_length_mm, 1.0))
    error = abs(around / max(tiles, 1) - ring.tile_length_mm) / ring.tile_length_mm
    values["tile_pitch"].append((100 * error, 1.0))
    if not ring.tile_tapered:
        gap = 2 * ring.width_mm * math.sin(math.pi / max(tiles, 2))
        values["tile_wedge"].append((gap, 1.0))


def _of_cutting(spec: RosetteSpec, context: Context, places: Any, values: Values) -> None:
    tool, machine, depth = context.tool, context.machine, spec.channel_depth_mm
    feed, speed, wood = context.feed_mm_min, context.spindle_rpm, context.material
    per_tooth = feed / (speed * tool.flutes)
    cut = min(spec.depth_per_pass_mm, depth)
    own = tool.chipload_mm or chipload_mm(tool, wood, machine.chipload_class)
    most = max(tool.chipload_mm or 0.0, chipload_mm(tool, wood, "industrial"))
    share = 0.5 if tool.diameter_mm <= 1.6 else 1.0
    proud = spec.inlay_thickness_mm - depth
    power = machine.spindle_power_w * machine.max_spindle_load
    first = places[0][0] - (spec.glue_gap_mm if spec.edge_land_mm else 0.0)
    outer = max(places[-1][1], (spec.outer_diameter_mm or 0.0) / 2)
    path = 2 * (outer + spec.glue_gap_mm) - tool.diameter_mm + 4.0
    watts = wood.cutting_energy_j_mm3 * tool.diameter_mm * cut * feed / 60
    swing = (feed / 60) ** 2 / (first + tool.diameter_mm / 2)
    one: dict[str, tuple[float, float]] = {
        "floor": (context.top_thickness_mm - depth, 1.0),
        "depth_least": (depth, 1.0),
        "depth_most": (depth, 1.0),
        "proud_least": (proud, 1.0),
        "proud_most": (proud, 1.0),
        "glue_gap_least": (spec.glue_gap_mm, 1.0),
        "glue_gap_most": (spec.glue_gap_mm, 1.0),
        "flute": (min(tool.flute_length_mm, tool.stickout_mm) - depth, 1.0),
        "doc": (spec.depth_per_pass_mm, share * tool.diameter_mm),
        "chipload_least": (per_tooth, own),
        "chipload_most": (per_tooth, own),
        "chipload_extreme": (per_tooth, most),
        "plunge": (context.plunge_mm_min, feed),
        "plunge_axis": (context.plunge_mm_min, machine.max_plunge_mm_min),
        "spindle_least": (speed, machine.spindle_min_rpm),
        "spindle_most": (speed, machine.spindle_max_rpm),
        "deflect": (_deflection(context, cut * per_tooth), 1.0),
        "power": (watts, power),
        "envelope_plane": (path, min(machine.travel_mm[:2])),
        "envelope_height": (depth + 5.0, machine.travel_mm[2]),
        "envelope_feed": (feed, machine.max_feed_mm_min),
        "envelope_acceleration": (swing, machine.acceleration_mm_s2),
    }
    for key, pair in one.items():
        values[key] = [pair]
    values["tool_fit"] = _fits(spec, tool.diameter_mm + tool.runout_mm, places, first)


def _fits(spec: RosetteSpec, cutter: float, places: Any, first: float) -> list[tuple[float, float]]:
    found, wall = [], first
    for index, ring in enumerate(spec.rings):
        if ring.land_after_mm > 0 or index == len(spec.rings) - 1:
            found.append((cutter, places[index][1] + spec.glue_gap_mm - wall))
            if index + 1 < len(places):
                wall = places[index + 1][0] - spec.glue_gap_mm
    return found


def _deflection(context: Context, chip_mm2: float) -> float:
    tool = context.tool
    force = 1000 * context.material.cutting_energy_j_mm3 * chip_mm2 * tool.flutes / 4
    flutes = min(tool.flute_length_mm, tool.stickout_mm)
    thin = math.pi * (0.8 * tool.diameter_mm) ** 4 / 64
    thick = math.pi * tool.shank_diameter_mm**4 / 64
    bend = flutes**3 / thin + (tool.stickout_mm**3 - flutes**3) / thick
    return force * bend / (3 * 600_000)


def _effort(spec: RosetteSpec, context: Context, places: Any) -> float:
    swept = EFFORT["stepover"] * context.tool.diameter_mm * context.feed_mm_min
    hole = spec.soundhole_diameter_mm / 2
    area = 2 * math.pi * (hole + spec.edge_land_mm / 2) * spec.edge_land_mm
    minutes = 0.0
    for ring, (inner, outer) in zip(spec.rings, places, strict=True):
        around = math.pi * (inner + outer)
        channel = around * (ring.width_mm + 2 * spec.glue_gap_mm)
        minutes += channel * spec.channel_depth_mm / spec.depth_per_pass_mm / swept
        minutes += _making(ring, around, spec.inlay_thickness_mm)
        area += 2 * math.pi * (outer + ring.land_after_mm / 2) * ring.land_after_mm
    return minutes + area * EFFORT["sealing_min_m2"] / 1e6


def _making(ring: Ring, around: float, thickness: float) -> float:
    material = MATERIALS.get(ring.material) if isinstance(ring.material, str) else ring.material
    energy = material.cutting_energy_j_mm3 if material else math.nan
    rates = EFFORT["patterns"][ring.pattern]
    strips = max(ring.width_mm / (ring.strip_thickness_mm or ring.width_mm), 1) - 1
    metre = rates["metre_min"] + EFFORT["strip_min_m"] * strips
    minutes = metre * around / 1000 * (0.5 + energy)
    if ring.pattern in TILED_PATTERNS and ring.tile_length_mm is not None:
        tapering = 1 + EFFORT["taper"]["share"] * ring.tile_tapered
        minutes += rates["tile_min"] * around / ring.tile_length_mm * tapering
    volume = around * ring.width_mm * thickness / 1000
    return float(minutes + EFFORT["levelling_min"] * volume * energy)
