"""One run as it goes: its picture, its log, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from prefect_luthier.errors import LuthierError
from prefect_luthier.ui.builder import run_files, services
from prefect_luthier.ui.builder.frontend_parts import workflow_picture
from prefect_luthier.ui.builder.run_reading import LogLine, RunView, duration_words, marks
from prefect_luthier.ui.builder.run_starting import WATCHED
from prefect_luthier.ui.builder.style import empty, kind_note, note
from prefect_luthier.ui.builder.workflow_view import picture_of, sketch_of_plan

REFRESH_S = 1
_OVER = "luthier_run_over"


def show(run_id: str) -> None:
    """Show a run; it brings itself up to date until it is over."""
    st.button("All runs", icon=":material/arrow_back:", type="tertiary", on_click=_leave)
    is_over = st.session_state.get(_OVER) == run_id
    st.fragment(_watch, run_every=None if is_over else REFRESH_S)(run_id)


def _leave() -> None:
    st.session_state.pop(WATCHED, None)
    st.session_state.pop(_OVER, None)
    st.query_params.clear()


def _watch(run_id: str) -> None:
    try:
        view = services.read_run(run_id)
    except LuthierError as error:
        kind_note(error)
        return
    _head(view)
    _picture(view)
    left, right = st.columns([11, 9], gap="large")
    with left:
        run_files.show(view)
    with right, st.container(key="run_side"):
        _facts(view)
        st.html('<p class="lu-section">Log</p>')
        _log(view.log)
    if view.is_over and st.session_state.get(_OVER) != run_id:
        st.session_state[_OVER] = run_id
        st.rerun()


def _head(view: RunView) -> None:
    line = view.line
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(
            f'<div class="lu-title"><h2>{escape(line.workflow or line.name)}</h2>'
            f'<span class="lu-state {line.state}" role="status">{line.state}</span></div>'
            f'<p class="lu-under">{escape(_progress(view))}</p>',
            width="stretch",
        )
        if not view.is_over and st.button("Cancel", icon=":material/stop_circle:"):
            _cancel(line.id)
        st.link_button("Open in Prefect", line.url, icon=":material/open_in_new:")
    if line.state in {"failed", "crashed"} and line.message:
        note("bad", line.message)


def _cancel(run_id: str) -> None:
    try:
        services.cancel_run(run_id)
    except LuthierError as error:
        kind_note(error)
        return
    st.toast("Asked the worker to end the run.", icon=":material/stop_circle:")


def _progress(view: RunView) -> str:
    """Return the line under the title; there always is one, so that nothing below it jumps."""
    took = duration_words(view.line.duration_s)
    if view.line.state == "pending":
        return "Waiting for the worker to take it up; that takes a few seconds."
    if not view.is_over:
        return f"Running for {took}"
    return f"Took {took}" if took else "Ended before its first step"


def _picture(view: RunView) -> None:
    definition = services.read_loosely(view.text) if view.text else None
    if definition is None and view.plan:
        definition = sketch_of_plan(view.plan)
    with st.container(key="run_picture"):
        if definition is None:
            empty("No picture", "The definition of this run is not in the database.")
            return
        workflow_picture(
            picture_of(definition, services.catalog(), marks(view)),
            key="run_picture_svg",
            label="Steps of the run and how they stand",
        )


def _log(lines: Sequence[LogLine]) -> None:
    if not lines:
        st.caption("Nothing written yet.")
        return
    # The box is laid out from its end, so that it stays at the newest line.
    shown = "".join(
        f'<span class="{line.level}"><time>{line.time:%H:%M:%S}</time> {escape(line.text)}\n</span>'
        for line in lines
    )
    st.html(
        f'<div class="lu-log" tabindex="0" role="log" aria-label="Log"><div>{shown}</div></div>'
    )


def _facts(view: RunView) -> None:
    facts = {"Run": view.line.name, "Id": view.line.id}
    if view.line.started:
        facts["Started"] = f"{view.line.started:%Y-%m-%d %H:%M:%S} UTC"
    facts |= {f"{name}": str(value) for name, value in view.parameters.items()}
    st.html('<p class="lu-section">About this run</p>')
    rows = "".join(f"<dt>{escape(k)}</dt><dd>{escape(v)}</dd>" for k, v in facts.items())
    st.html(f'<dl class="lu-facts">{rows}</dl>')
    failed = [r for r in view.results.values() if r.state != "completed" and r.reason]
    for result in failed:
        note(
            "bad" if result.state == "failed" else "quiet",
            f"{result.key}: {result.state}",
            result.reason,
        )
