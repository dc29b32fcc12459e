"""The rings as a table that can be edited, and what can be done with the chosen one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import streamlit as st
from pydantic import ValidationError

from prefect_luthier.rmos.design.spec import Pattern, Ring, RosetteSpec
from prefect_luthier.rmos.library.library import load_library
from prefect_luthier.rmos.library.model import Material
from prefect_luthier.ui.builder.style import note
from prefect_luthier.ui.studio.session import StudioSession

PATTERNS: tuple[str, ...] = Pattern.__args__  # type: ignore[attr-defined]


def show(current: StudioSession, spec: RosetteSpec) -> tuple[Ring, ...]:
    """Show the table; return the rings that it holds, those of the start when it holds none.

    Args:
        current: The session.
        spec: The design that the table starts from.
    """
    rows = st.data_editor(
        [{_NUMBER: number} | row_of(ring) for number, ring in enumerate(spec.rings, 1)],
        key=f"studio_rings_{current.revision}",
        num_rows="dynamic",
        hide_index=True,
        width="stretch",
        column_order=(_NUMBER, *_LABELS),
        column_config=_columns(spec),
    )
    rings, problems = rings_of(rows, spec.rings)
    for problem in problems:
        note("warn", problem)
    if not rings:
        note("warn", "A rosette needs a ring.", "Add a row, or undo all changes.")
    _chosen(current, len(rings))
    return rings or spec.rings


def row_of(ring: Ring) -> dict[str, Any]:
    """Return a ring as a row of the table."""
    return ring.model_dump(include=set(_ORDER) - {"material"}) | {"material": ring.material_id}


def rings_of(
    rows: Iterable[Mapping[str, Any]], known: Sequence[Ring]
) -> tuple[tuple[Ring, ...], list[str]]:
    """Return the rings that the rows stand for, and what is missing in the others.

    Args:
        rows: The table's rows; cells that were not filled are None.
        known: The rings so far; inline materials are found again among them.
    """
    inline = {
        ring.material_id: ring.material for ring in known if not isinstance(ring.material, str)
    }
    rings: list[Ring] = []
    problems: list[str] = []
    for number, row in enumerate(rows, 1):
        given = {name: value for name, value in row.items() if value is not None and name in _ORDER}
        if "material" in given:
            given["material"] = inline.get(given["material"], given["material"])
        try:
            rings.append(Ring.model_validate(given))
        except ValidationError as error:
            fields = sorted(
                {_LABELS.get(str(e["loc"][0]), str(e["loc"][0])) for e in error.errors()}
            )
            problems.append(
                f"Row {number} is left out until it has a proper {' and '.join(fields)}."
            )
    return tuple(rings), problems


_NUMBER = "number"
_LABELS = {
    "pattern": "Pattern",
    "material": "Material",
    "width_mm": "Width",
    "tile_length_mm": "Tile",
    "tile_tapered": "Tapered",
    "land_after_mm": "Land after",
    "strip_thickness_mm": "Strip",
}
_ORDER = tuple(_LABELS)


def _columns(spec: RosetteSpec) -> dict[str, Any]:
    materials = list(load_library().materials.entries)
    materials += [r.material_id for r in spec.rings if isinstance(r.material, Material)]
    column = st.column_config
    return {
        _NUMBER: column.NumberColumn("Ring", disabled=True, width=50),
        "width_mm": column.NumberColumn(
            "Width", min_value=0.01, step=0.01, required=True, default=1.0, help="Radial width, mm"
        ),
        "pattern": column.SelectboxColumn(
            "Pattern", options=PATTERNS, required=True, default="line"
        ),
        "material": column.SelectboxColumn(
            "Material", options=materials, required=True, default="ebony"
        ),
        "tile_length_mm": column.NumberColumn(
            "Tile", min_value=0.01, step=0.01, help="Pitch of the tiles along the middle, mm"
        ),
        "tile_tapered": column.CheckboxColumn(
            "Tapered", default=False, help="Tiles cut as wedges, so that no gap opens outside"
        ),
        "land_after_mm": column.NumberColumn(
            "Land after", min_value=0.0, step=0.01, default=0.0, help="Soundboard left outside, mm"
        ),
        "strip_thickness_mm": column.NumberColumn(
            "Strip", min_value=0.01, step=0.01, help="Thickness of the strips in the ring, mm"
        ),
    }


def _chosen(current: StudioSession, count: int) -> None:
    """Show what can be done with the ring that was chosen in the drawing."""
    index, last = current.ring, count - 1
    if index is None or index > last:
        st.caption("Choose a ring in the drawing to move, double or remove it.")
        return
    with st.container(horizontal=True, vertical_alignment="center", key="studio_chosen_ring"):
        st.markdown(f"**Ring {index + 1}**")
        for label, icon, order in (
            ("Inwards", "zoom_in_map", _swapped(last + 1, index, index - 1)),
            ("Outwards", "zoom_out_map", _swapped(last + 1, index, index + 1)),
            ("Double", "content_copy", [*range(index + 1), *range(index, last + 1)]),
            ("Remove", "delete", [i for i in range(last + 1) if i != index]),
        ):
            st.button(
                label,
                icon=f":material/{icon}:",
                key=f"studio_ring_{label}",
                type="tertiary",
                disabled=not order,
                on_click=_reorder,
                args=(current, order),
            )


def _swapped(count: int, first: int, second: int) -> list[int]:
    """Return the order with two rings exchanged; nothing when the other one is not there."""
    if not 0 <= second < count:
        return []
    order = list(range(count))
    order[first], order[second] = order[second], order[first]
    return order


def _reorder(current: StudioSession, order: Sequence[int]) -> None:
    """Rearrange the rings as the drawing shows them, with what was edited in the table."""
    spec = current.spec
    if spec is None or max(order) >= len(spec.rings):
        return
    followed = current.ring
    rings = tuple(spec.rings[index] for index in order)
    current.start_from(spec.model_copy(update={"rings": rings}))
    if followed is not None:
        current.ring = order.index(followed) if followed in order else None
