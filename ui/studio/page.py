"""The rosette studio: from conditions to verified programs, with the design always in sight."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from prefect_luthier.errors import LuthierError
from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.rmos.feasibility.engine import score
from prefect_luthier.rmos.feasibility.verdict import Verdict
from prefect_luthier.ui.builder.style import heading, kind_note
from prefect_luthier.ui.studio import (
    conditions_step,
    cutting,
    deciding,
    design_view,
    searching,
    session,
    what_if,
)
from prefect_luthier.ui.studio.session import STEPS, StudioSession

REFRESH_S = 1.0
_STEP_KEY = "studio_step"

_STEPS = {
    "Conditions": conditions_step.show,
    "Search": searching.show,
    "Rings": what_if.show,
    "Decision": deciding.show,
    "Toolpaths": cutting.show,
}


def show() -> None:
    """Show the open step beside the bench; while a search runs, both follow it."""
    st.html(Path(__file__).with_name("studio.css"))
    current = session.current()
    heading(
        "Rosette studio",
        "From what the customer wishes to a program that has been replayed before it may run.",
    )
    _steps(current)
    if searching.is_live(current):
        st.fragment(_body, run_every=REFRESH_S)()
    else:
        _body()


def _steps(current: StudioSession) -> None:
    if st.session_state.get(_STEP_KEY) != current.step:
        st.session_state[_STEP_KEY] = current.step
    st.segmented_control(
        "Step",
        STEPS,
        key=_STEP_KEY,
        label_visibility="collapsed",
        on_change=_go,
        width="stretch",
    )


def _go() -> None:
    """Open the step that was chosen; choosing the open one again changes nothing."""
    chosen = st.session_state[_STEP_KEY]
    if chosen is not None:
        session.current().go_to(chosen)


def _body() -> None:
    current = session.current()
    work, bench = st.columns([8, 13], gap="large")
    with work:
        try:
            _STEPS[current.step](current)
        except LuthierError as error:
            kind_note(error)
    with bench:
        if current.step == "Toolpaths" and current.spec is not None:
            cutting.show_bench(current)
            return
        verdict = _scored(current.spec, current.context)
        before = _scored(current.untouched, current.context) if current.changed else None
        design_view.show(current, verdict, before)


def _scored(spec: RosetteSpec | None, context: Context | None) -> Verdict | None:
    return score(spec, context) if spec is not None and context is not None else None
