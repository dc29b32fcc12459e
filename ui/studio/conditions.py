"""The conditions: wood, cutter, router, speeds, sizes, and what the customer wishes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from pydantic import BaseModel

from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import Pattern
from prefect_luthier.rmos.library.library import Shelf, load_library
from prefect_luthier.rmos.library.model import Machine, Material, Tool
from prefect_luthier.rmos.library.speeds import usual_speeds
from prefect_luthier.ui.studio import services
from prefect_luthier.ui.studio.session import StudioSession

START: dict[str, Any] = {
    "material": "sitka-spruce",
    "top_thickness_mm": 2.8,
    "tool": "downcut-1.59",
    "machine": "shapeoko-3",
    "soundhole_diameter_mm": 101.6,
    "target_diameter_mm": 121.6,
    "intent": {"rings": [3, 7], "patterns": ["herringbone", "line"], "complexity": "medium"},
}
"""What the form holds at first: the size of an orchestra model's rosette."""

COMPLEXITIES = ("simple", "medium", "complex")
_MOST_RINGS = 12
_LEAST = 0.01
_INLINE = "As given"
_WOODS = ("softwood", "hardwood")  # soundboards are made of


def form_of(context: Context) -> dict[str, Any]:
    """Return a context as the form takes it: library entries by their id."""
    document = services.document_of(context)
    library = load_library()
    shelves: dict[str, Shelf[Any]] = {
        "material": library.materials, "tool": library.tools, "machine": library.machines
    }  # fmt: skip
    for name, shelf in shelves.items():
        entry = getattr(context, name)
        if shelf.entries.get(entry.id) == entry:
            document[name] = entry.id
    return document


def show(current: StudioSession) -> dict[str, Any]:
    """Show the form; return the context as a JSON document."""
    if not current.conditions:
        current.set_conditions(START)
    start = current.conditions
    key = f"studio_{current.conditions_revision}"
    document = _soundboard(start, key)
    document |= _cutting(start, key, document["material"])
    document |= _sizes(start, key)
    wishes = _wishes(start.get("intent") or {}, key)
    if wishes:
        document["intent"] = wishes
    current.conditions = document
    return document


def _section(title: str) -> None:
    st.html(f'<p class="lu-section">{title}</p>')


def _soundboard(start: Mapping[str, Any], key: str) -> dict[str, Any]:
    _section("Soundboard")
    left, right = st.columns([3, 2])
    with left:
        material = _pick(
            "Wood", load_library().materials, start.get("material"), f"{key}_material", _WOODS
        )
    thickness = right.number_input(
        "Thickness, mm",
        **_from(float(start.get("top_thickness_mm", 2.8))),
        step=0.1,
        format="%.2f",
        key=f"{key}_thickness",
        help="Finished thickness of the soundboard where the rosette is let in.",
    )
    st.caption(_about_material(_entry(load_library().materials, material)))
    return {"material": material, "top_thickness_mm": thickness}


def _cutting(start: Mapping[str, Any], key: str, wood: Any) -> dict[str, Any]:
    library = load_library()
    _section("Cutting")
    tool = _pick("Cutter", library.tools, start.get("tool"), f"{key}_tool")
    st.caption(_about_tool(_entry(library.tools, tool)))
    machine = _pick("Router", library.machines, start.get("machine"), f"{key}_machine")
    st.caption(_about_machine(_entry(library.machines, machine)))
    chosen = (_entry(library.materials, wood), _entry(library.tools, tool))
    speeds = usual_speeds(chosen[1], chosen[0], _entry(library.machines, machine))
    same = all(start.get(name) == value for name, value in
               (("material", wood), ("tool", tool), ("machine", machine)))  # fmt: skip
    # Another cutter, wood or router makes new fields, which start from their usual speeds.
    made_for = f"{key}_{_id(wood)}_{_id(tool)}_{_id(machine)}"
    fields = {}
    for name, label, usual, step in (
        ("spindle_rpm", "Spindle, 1/min", speeds.spindle_rpm, 500.0),
        ("feed_mm_min", "Feed, mm/min", speeds.feed_mm_min, 10.0),
        ("plunge_mm_min", "Plunge, mm/min", speeds.plunge_mm_min, 10.0),
    ):
        stated = start.get(name) if same else None
        fields[name] = (label, float(stated or usual), step)
    document: dict[str, Any] = {"tool": tool, "machine": machine}
    columns = st.columns(3)
    for column, (name, (label, value, step)) in zip(columns, fields.items(), strict=True):
        document[name] = column.number_input(
            label, **_from(value), step=step, format="%g", key=f"{made_for}_{name}"
        )
    st.caption(
        f"Usual for this cutter here: {speeds.spindle_rpm:,.0f} 1/min, feed "
        f"{speeds.feed_mm_min:,.0f}, plunge {speeds.plunge_mm_min:,.0f} mm/min."
    )
    return document


def _from(value: float | None) -> dict[str, Any]:
    """Return where a field starts, and its least value.

    What is out of the ordinary may be typed, too: a field that refuses a figure keeps showing it
    and gives the one before. The findings and the engine say what is wrong with it.
    """
    return {"value": value, "min_value": min(_LEAST, value or _LEAST)}


def _sizes(start: Mapping[str, Any], key: str) -> dict[str, Any]:
    _section("Sizes")
    document = {}
    for column, name, label, words in zip(
        st.columns(2),
        ("soundhole_diameter_mm", "target_diameter_mm"),
        ("Soundhole, mm", "Outer diameter, mm"),
        (
            "Diameter of the soundhole; leave it empty if the search may choose.",
            "Wanted outer diameter of the rosette; leave it empty if the search may choose.",
        ),
        strict=True,
    ):
        value = column.number_input(
            label,
            **_from(start.get(name)),
            step=0.5,
            format="%.2f",
            placeholder="free",
            key=f"{key}_{name}",
            help=words,
        )
        if value is not None:
            document[name] = value
    return document


def _wishes(start: Mapping[str, Any], key: str) -> dict[str, Any]:
    _section("What the customer wishes")
    patterns: tuple[Pattern, ...] = Pattern.__args__  # type: ignore[attr-defined]
    document: dict[str, Any] = {}
    fewest, most = start.get("rings") or (1, _MOST_RINGS)
    highest = max(most, _MOST_RINGS)
    rings = st.slider("Rings", 1, highest, (fewest, most), key=f"{key}_rings")
    if "rings" in start or rings != (1, _MOST_RINGS):
        document["rings"] = list(rings)
    chosen = st.pills(
        "Patterns",
        patterns,
        selection_mode="multi",
        default=list(start.get("patterns") or ()),
        key=f"{key}_patterns",
        help="None chosen allows all.",
    )
    complexity = st.segmented_control(
        "Complexity", COMPLEXITIES, default=start.get("complexity"), key=f"{key}_complexity"
    )
    palette = st.multiselect(
        "Palette",
        list(load_library().materials.entries),
        default=list(start.get("palette") or ()),
        format_func=lambda name: load_library().materials.find(name).name,
        placeholder="any inlay material",
        key=f"{key}_palette",
    )
    note = st.text_area(
        "Note",
        value=start.get("note", ""),
        max_chars=4000,
        height=70,
        placeholder="warm, understated",
        key=f"{key}_note",
        help="Read by the model, when one searches; kept with the search in any case.",
    )
    found = {"patterns": chosen, "complexity": complexity, "palette": palette, "note": note}
    return document | {name: value for name, value in found.items() if value}


def _pick(
    label: str, shelf: Shelf[Any], start: Any, key: str, kinds: Sequence[str] | None = None
) -> Any:
    """Show a picker; an object that was given inline is one more choice.

    Args:
        label: What is picked.
        shelf: What there is.
        start: The id or the object to start from.
        key: Key of the widget.
        kinds: The kinds of material to offer, in this order; all when none are given.
    """
    inline = isinstance(start, dict)
    known = shelf.get(start) if isinstance(start, str) else None
    ids: list[str] = list(shelf.entries)
    if kinds is not None:
        ids = [name for kind in kinds for name in ids if shelf.entries[name].kind == kind]
    if known and known.id not in ids:
        ids.append(known.id)
    options = [*ids, _INLINE] if inline else ids
    index = len(ids) if inline else ids.index(known.id) if known else 0
    chosen = st.selectbox(
        label,
        options,
        index,
        format_func=lambda name: shelf.entries[name].name if name in shelf.entries else name,
        key=key,
    )
    return start if chosen == _INLINE else chosen


def _entry(shelf: Shelf[Any], value: Any) -> Any:
    if isinstance(value, str):
        return shelf.find(value)
    kinds: dict[str, type[BaseModel]] = {"material": Material, "tool": Tool, "machine": Machine}
    return kinds[shelf.kind].model_validate(value)


def _id(value: Any) -> str:
    return value if isinstance(value, str) else "inline"


def _about_material(wood: Material) -> str:
    hardness = f" · {wood.janka_n:,.0f} N side hardness" if wood.janka_n else ""
    return (
        f"{wood.kind} · {wood.density_kg_m3:.0f} kg/m³{hardness} · "
        f"{wood.cutting_energy_j_mm3:.2f} J/mm³ to cut"
    )


def _about_tool(tool: Tool) -> str:
    return (
        f"⌀ {tool.diameter_mm:g} mm · {tool.flutes} flutes of {tool.flute_length_mm:g} mm · "
        f"{tool.stickout_mm:g} mm out of the collet"
    )


def _about_machine(machine: Machine) -> str:
    x, y, z = machine.travel_mm
    return (
        f"{x:.0f} by {y:.0f} by {z:.0f} mm · up to {machine.max_feed_mm_min:,.0f} mm/min · "
        f"{machine.spindle_min_rpm:,.0f} to {machine.spindle_max_rpm:,.0f} 1/min · "
        f"{machine.spindle_power_w:.0f} W"
    )
