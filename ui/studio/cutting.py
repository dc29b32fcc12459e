"""Toolpaths: the replayed program over the soundboard, and the files of an approved design."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from prefect_luthier.errors import LuthierError
from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.drawing.svg_toolpath import cut_levels_mm, toolpath_svg
from prefect_luthier.rmos.feasibility.engine import score
from prefect_luthier.rmos.simulation.interpreter import interpret
from prefect_luthier.rmos.simulation.report import SimulationReport
from prefect_luthier.rmos.toolpaths.options import DIALECTS, CutOptions, Dialect, Direction
from prefect_luthier.rmos.toolpaths.release import VerifiedProgram, verified_programs
from prefect_luthier.ui.builder.run_reading import duration_words
from prefect_luthier.ui.builder.style import empty, kind_note, note
from prefect_luthier.ui.studio import releasing
from prefect_luthier.ui.studio.picture_part import drawing
from prefect_luthier.ui.studio.session import StudioSession

_DIALECT_NAMES = {"grbl": "GRBL 1.1", "linuxcnc": "LinuxCNC"}
_DIALECT_KEY, _DIRECTION_KEY, _STEPOVER_KEY, _CLEARANCE_KEY, _SCORING_KEY = (
    "studio_dialect",
    "studio_direction",
    "studio_stepover",
    "studio_clearance",
    "studio_scoring",
)
_ALL_LEVELS = "All depths"


def show(current: StudioSession) -> None:
    """Show the choices of the maker, what the replay measured, and the released files."""
    if current.spec is None or current.context is None:
        empty("No design to cut", "Search for one, or start from a known design.")
        return
    st.html('<p class="lu-section">Cutting</p>')
    dialect, options = current.cutting = _choices()
    planned = _planned(current)
    if isinstance(planned, VerifiedProgram):
        st.html(_figures(planned.report))
        note("good", "Replayed from its text before it may run: nothing gouged, nothing left.")
    releasing.show(current, dialect, options)


def _choices() -> tuple[Dialect, CutOptions]:
    """Ask how it is to be cut."""
    control = st.segmented_control(
        "Control",
        DIALECTS,
        default=DIALECTS[0],
        format_func=_DIALECT_NAMES.__getitem__,
        key=_DIALECT_KEY,
    )
    turn = st.segmented_control(
        "Direction", ("climb", "conventional"), default="climb", key=_DIRECTION_KEY
    )
    stepover = st.slider(
        "Step between circles, % of the cutter", 5, 95, 40, step=5, key=_STEPOVER_KEY
    )
    left, right = st.columns(2)
    clearance = left.number_input(
        "Travel height, mm",
        min_value=2.0,
        max_value=50.0,
        value=5.0,
        step=1.0,
        format="%g",
        key=_CLEARANCE_KEY,
        help="The tool travels so high over the soundboard: above clamps and whatever holds it.",
    )
    scoring = right.number_input(
        "Score the walls first, mm",
        min_value=0.0,
        max_value=0.5,
        value=0.0,
        step=0.1,
        format="%.2f",
        key=_SCORING_KEY,
        help="A first, shallow cut along the walls, so that no wood tears out across the grain.",
    )
    dialect: Dialect = "linuxcnc" if control == "linuxcnc" else "grbl"
    direction: Direction = "conventional" if turn == "conventional" else "climb"
    return dialect, CutOptions(
        direction=direction,
        stepover=stepover / 100,
        clearance_mm=clearance,
        scoring_mm=scoring,
    )


def show_bench(current: StudioSession) -> None:
    """Show the program over the soundboard."""
    spec, context = current.spec, current.context
    if spec is None or context is None or current.cutting is None:
        return
    planned = _planned(current)
    if isinstance(planned, LuthierError):
        kind_note(planned)
        return
    if planned is None:
        note("warn", "Not cut.", "The engine blocks this design; see what it found in Rings.")
        return
    motions = interpret(planned.program.text, planned.program.dialect).motions
    levels = cut_levels_mm(motions)
    with st.container(key="studio_bench"):
        st.html('<div class="lu-title"><h2>What the cutter sweeps</h2></div>')
        shown = st.segmented_control(
            "Depth",
            [_ALL_LEVELS, *levels],
            default=_ALL_LEVELS,
            format_func=lambda each: each if isinstance(each, str) else f"{-each:g} mm",
            label_visibility="collapsed",
        )
        level = shown if isinstance(shown, float) else None
        drawing(
            toolpath_svg(spec, context, motions, level_mm=level),
            key="studio_toolpath",
            label="The program over the soundboard, drawn to scale",
        )
        st.html(
            '<p class="st-legend"><span><i style="background:#8a3b2a"></i>swept by the cutter'
            '</span><span><i style="background:#1f5d8c"></i>ramps into the wood</span>'
            '<span><i style="background:#3f6b45"></i>travel over it</span></p>'
        )


def _planned(current: StudioSession) -> VerifiedProgram | LuthierError | None:
    """Return the verified program, why there is none, or None for a blocked design."""
    if current.spec is None or current.context is None or current.cutting is None:
        return None
    if not score(current.spec, current.context).is_allowed:
        return None
    return plan(current.spec, current.context, *current.cutting)


_KEYS: dict[str | type[Any], Callable[[Any], Any]] = {
    RosetteSpec: lambda spec: spec.digest,
    Context: lambda context: context.digest,
    CutOptions: lambda options: options.model_dump_json(),
}


@st.cache_data(max_entries=16, show_spinner="Planning and replaying …", hash_funcs=_KEYS)
def plan(
    spec: RosetteSpec, context: Context, dialect: Dialect, options: CutOptions
) -> VerifiedProgram | LuthierError:
    """Return the program that cuts the channels, replayed; or why there is none."""
    try:
        return verified_programs(spec, context, dialect, options)[0]
    except LuthierError as error:
        return error


def _figures(report: SimulationReport) -> str:
    figures = (
        (duration_words(report.time_s) or "0 s", "at the machine"),
        (f"{report.length_mm / 1000:.2f} m", "of path"),
        (f"{report.gouge_mm2:g} mm²", "gouged"),
        (f"{100 * report.uncut_share:.2g} %", "left uncut"),
        (f"{report.max_depth_mm:g} mm", "deepest"),
        (f"{report.air_mm:,.0f} mm", "through air"),
    )
    cells = "".join(f"<div><b>{value}</b><span>{words}</span></div>" for value, words in figures)
    return f'<div class="st-figures">{cells}</div>'
