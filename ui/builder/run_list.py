"""The list of runs; it brings itself up to date."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape

import streamlit as st

from prefect_luthier.errors import LuthierError
from prefect_luthier.ui.builder import services
from prefect_luthier.ui.builder.run_reading import RunLine, duration_words
from prefect_luthier.ui.builder.run_starting import WATCHED
from prefect_luthier.ui.builder.style import empty, kind_note

REFRESH_S = 3


@st.fragment(run_every=REFRESH_S)
def show() -> None:
    """Show one line for each run."""
    try:
        runs = services.recent_runs()
    except LuthierError as error:
        kind_note(error)
        return
    if not runs:
        empty("No runs yet", "Run a registered workflow, or wait for its schedule.")
        return
    for run in runs:
        _line(run)


def _line(run: RunLine) -> None:
    with st.container(
        horizontal=True, vertical_alignment="center", key=f"workflow_card_run_{run.id}"
    ):
        took = duration_words(run.duration_s)
        began = " · ".join(filter(None, (ago(run.started), took))) if run.started else "waiting"
        st.html(
            f'<div class="lu-title"><span class="lu-state {run.state}">{run.state}</span>'
            f"<strong>{escape(run.workflow)}</strong><code>{escape(run.name)}</code></div>"
            f'<p class="lu-under">{escape(began)}</p>',
            width="stretch",
        )
        if st.button("Watch", key=f"watch_{run.id}", icon=":material/visibility:"):
            st.session_state[WATCHED] = run.id
            st.rerun()


def ago(moment: datetime) -> str:
    """Return how long ago something was, in words."""
    seconds = int((datetime.now(UTC) - moment).total_seconds())
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        count = seconds // size
        if count:
            return f"{count} {unit}{'s' if count != 1 else ''} ago"
    return "just now"
