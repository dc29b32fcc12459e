"""What if: sizes that can be moved while the score follows."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.ui.builder.style import empty
from prefect_luthier.ui.studio import ring_table
from prefect_luthier.ui.studio.session import StudioSession


@dataclass(frozen=True)
class Dial:
    """One size of the design that can be moved.

    Args:
        name: Its field.
        label: What it is called.
        low: Least value; a design beyond it widens the dial.
        high: Most.
        step: Step.
    """

    name: str
    label: str
    low: float
    high: float
    step: float


_FINE_MM = 0.01

DIALS = (
    Dial("channel_depth_mm", "Channel depth", 0.3, 3.0, 0.05),
    Dial("inlay_thickness_mm", "Inlay thickness", 0.3, 3.5, 0.05),
    Dial("depth_per_pass_mm", "Depth of one pass", 0.1, 2.0, 0.05),
    Dial("glue_gap_mm", "Glue gap", 0.0, 0.2, 0.005),
    Dial("edge_land_mm", "Land to the soundhole", 0.0, 12.0, 0.1),
    Dial("soundhole_diameter_mm", "Soundhole", 60.0, 130.0, 0.1),
)


def show(current: StudioSession) -> None:
    """Show dials and rings; what they hold is on the bench at once."""
    base = current.base
    if base is None:
        empty("No design to change", "Search for one, or start from a known design.")
        return
    head = st.container(horizontal=True, vertical_alignment="center")
    values = _dials(current, base)
    st.html('<p class="lu-section">Rings, from the inside out</p>')
    rings = ring_table.show(current, base)
    current.change(base.model_copy(update={**values, "rings": rings}))
    with head:  # only now it is known whether there is anything to undo
        st.html('<p class="lu-section">What if</p>', width="stretch")
        st.button(
            "Undo all changes",
            icon=":material/undo:",
            disabled=not current.changed,
            on_click=current.undo_changes,
        )


def _dials(current: StudioSession, spec: RosetteSpec) -> dict[str, float]:
    values: dict[str, float] = {}
    columns = st.columns(2, gap="medium")
    for index, dial in enumerate(DIALS):
        start = getattr(spec, dial.name)
        with columns[index % 2]:
            values[dial.name] = st.slider(
                f"{dial.label}, mm",
                min_value=min(dial.low, start),
                max_value=max(dial.high, start),
                value=start,
                step=dial.step,
                format="%.3f" if dial.step < _FINE_MM else "%.2f",
                key=f"studio_{dial.name}_{current.revision}",
            )
    return values
