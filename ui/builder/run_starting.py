"""Starting a run of a registered workflow from its parameter form."""

from __future__ import annotations

import streamlit as st

from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.register import RegisteredWorkflow
from prefect_luthier.ui.builder import run_form, services
from prefect_luthier.ui.builder.style import kind_note, note

WATCHED = "luthier_watched_run"


@st.dialog("Run a workflow")
def ask(workflow: RegisteredWorkflow) -> None:
    """Ask for the parameters and start a run."""
    st.markdown(f"**{workflow.id}** {workflow.version}")
    with st.form(f"run_form_{workflow.id}", border=False):
        given = run_form.fields(
            workflow.parameter_schema, key=f"run_{workflow.id}", values=workflow.parameters
        )
        submitted = st.form_submit_button(
            "Start the run", type="primary", icon=":material/play_arrow:"
        )
    if submitted:
        _start(workflow, given)


def _start(workflow: RegisteredWorkflow, given: run_form.Given) -> None:
    problems = run_form.problems(workflow.parameter_schema, given)
    if problems:
        note("bad", "Not started yet.", " ".join(problems))
        return
    try:
        run_id = services.start_run(workflow.deployment_id, given.values)
    except LuthierError as error:
        kind_note(error)
        return
    st.session_state[WATCHED] = run_id
    st.switch_page(st.session_state["luthier_pages"]["runs"])
