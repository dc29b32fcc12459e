"""The runs: which there were, and one of them as it goes."""

from __future__ import annotations

from uuid import UUID

import streamlit as st

from prefect_luthier.ui.builder import run_list, run_watching
from prefect_luthier.ui.builder.run_starting import WATCHED
from prefect_luthier.ui.builder.style import heading


def show() -> None:
    """Show the run that is watched, else the list of runs."""
    watched = st.session_state.get(WATCHED) or _asked_for()
    if watched:
        st.query_params["run"] = watched
        run_watching.show(watched)
        return
    heading("Runs", "What ran, how it ended, and what it left behind.")
    run_list.show()


def _asked_for() -> str | None:
    """Return the run in the page's address, if it is one."""
    try:
        return str(UUID(st.query_params.get("run", "")))
    except ValueError:
        return None
