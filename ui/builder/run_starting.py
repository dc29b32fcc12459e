"""Starting a run of a registered workflow from its parameter form."""

from __future__ import annotations

import streamlit as st

from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.register import RegisteredWorkflow
from prefect_luthier.ui.builder import run_form, services
from prefect_luthier.ui.builder.style import kind_note

WATCHED = "luthier_watched_run"


@st.dialog("Run a workflow")
def ask(workflow: RegisteredWorkflow) -> None:
    """Ask for the parameters and start a run."""
    st.markdown(f"**{workflow.id}** {workflow.version}")
    schema = workflow.parameter_schema
    try:
        given = run_form.fields(schema, key=f"run_{workflow.id}", values=workflow.parameters)
    except LuthierError as error:
        kind_note(error)
        return
    lacking = run_form.missing(schema, given)
    if lacking:
        st.caption(f"Needed: {', '.join(lacking)}")
    if st.button(
        "Start the run",
        type="primary",
        icon=":material/play_arrow:",
        disabled=bool(lacking),
        key="start_run",
    ):
        _start(workflow, given)


def _start(workflow: RegisteredWorkflow, given: dict[str, object]) -> None:
    try:
        run_id = services.start_run(workflow.deployment_id, given)
    except LuthierError as error:
        kind_note(error)
        return
    st.session_state[WATCHED] = run_id
    st.switch_page(st.session_state["luthier_pages"]["runs"])
