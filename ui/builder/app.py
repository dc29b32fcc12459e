"""The builder: the Streamlit app that `luthier up` starts."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from prefect_luthier.ui.builder.pages import builder_page, runs_page, workflows_page
from prefect_luthier.ui.builder.shell import footer
from prefect_luthier.ui.builder.style import apply_style

st.set_page_config(
    page_title="Luthier",
    page_icon=str(Path(__file__).parent / "static" / "mark.svg"),
    layout="wide",
    initial_sidebar_state="collapsed",
)
apply_style()

BUILDER = st.Page(
    builder_page.show,
    title="Builder",
    icon=":material/edit_note:",
    url_path="builder",
    default=True,
)
WORKFLOWS = st.Page(
    workflows_page.show, title="Workflows", icon=":material/account_tree:", url_path="workflows"
)
RUNS = st.Page(runs_page.show, title="Runs", icon=":material/play_circle:", url_path="runs")

st.session_state["luthier_pages"] = {"builder": BUILDER, "workflows": WORKFLOWS, "runs": RUNS}
page = st.navigation([BUILDER, WORKFLOWS, RUNS], position="top")
page.run()
footer()
