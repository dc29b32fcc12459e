"""The builder: the Streamlit app that `luthier up` starts."""

from __future__ import annotations

import logging
from pathlib import Path

import streamlit as st

from prefect_luthier.errors import LuthierError
from prefect_luthier.ui.builder import services
from prefect_luthier.ui.builder.shell import footer
from prefect_luthier.ui.builder.style import apply_style, kind_note
from prefect_luthier.ui.builder.views import builder_page, runs_page, workflows_page
from prefect_luthier.ui.orchestrator import page as orchestrator_page
from prefect_luthier.ui.studio import page as studio_page

st.set_page_config(
    page_title="Luthier",
    page_icon=str(Path(__file__).parent / "static" / "mark.svg"),
    layout="wide",
    initial_sidebar_state="collapsed",
)
apply_style()
services.warm_up()

# Their modules are not in a folder `pages`: Streamlit would take that for its own, and tell the
# first visitor of such an address that there is no such page.
PAGES = {
    "builder": st.Page(
        builder_page.show,
        title="Builder",
        icon=":material/edit_note:",
        url_path="builder",
        default=True,
    ),
    "workflows": st.Page(
        workflows_page.show,
        title="Workflows",
        icon=":material/account_tree:",
        url_path="workflows",
    ),
    "studio": st.Page(
        studio_page.show,
        title="Rosette studio",
        icon=":material/adjust:",
        url_path="studio",
    ),
    "orchestrator": st.Page(
        orchestrator_page.show,
        title="Orchestrator",
        icon=":material/forward_to_inbox:",
        url_path="orchestrator",
    ),
    "runs": st.Page(runs_page.show, title="Runs", icon=":material/play_circle:", url_path="runs"),
}
st.session_state["luthier_pages"] = PAGES

page = st.navigation(list(PAGES.values()), position="top")
try:
    page.run()
except LuthierError as error:
    kind_note(error)
except Exception as error:  # the outermost edge: the log gets the traceback, the page a sentence
    logging.getLogger("luthier.builder").exception("the page failed")
    kind_note(
        LuthierError(
            "internal-error",
            f"Luthier failed unexpectedly: {type(error).__name__}: {error}",
            "Reload the page; the builder's log has the details.",
        )
    )
footer()
