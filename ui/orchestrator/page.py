"""The orchestrator: a request becomes actions that a person sees, edits and lets happen."""

from __future__ import annotations

from concurrent.futures import wait
from pathlib import Path

import streamlit as st

from prefect_luthier.errors import LuthierError
from prefect_luthier.ui.builder.style import empty, heading, inline, kind_note, note
from prefect_luthier.ui.orchestrator import budget_gauge, doubts, job_list, plan_cards, services
from prefect_luthier.ui.orchestrator.session import OrchestratorSession, current

POLL_S = 0.5
FIRST_WAIT_S = 0.4

EXAMPLES = (
    'email ann@example.com with subject "Lunch" saying "At noon?"',
    "thank john@example.com for the meeting today",
)


def show() -> None:
    """Show the request and its plan beside what is under way and what needs a person."""
    st.html(Path(__file__).with_name("orchestrator.css"))
    heading(
        "Orchestrator",
        "Say what shall be done. You see each action, and whether it is permitted, before "
        "anything happens; each takes effect once.",
    )
    work, side = st.columns([13, 8], gap="large")
    with work:
        _request(current())
        _plan(current())
    with side:
        budget_gauge.show()
        doubts.show()
        job_list.show()


def _request(session: OrchestratorSession) -> None:
    with st.form("orchestrator_request", border=False):
        prompt = st.text_area(
            "What shall be done?", value=session.prompt, height=90, placeholder=EXAMPLES[0]
        )
        asked = st.form_submit_button(
            "Plan", type="primary", icon=":material/checklist:", width="stretch"
        )
    if asked and prompt.strip():
        session.ask(prompt)
        session.planning = services.begin_plan(session.prompt, session.answers)
        st.rerun()


def _plan(session: OrchestratorSession) -> None:
    if session.planning is not None:
        _await_plan()
        return
    if session.recorded is None:
        empty("No plan yet", "A request becomes cards, one for each action. Nothing happens yet.")
        return
    planning = session.recorded.planning
    if planning.plan is not None:
        plan_cards.show(session)
    elif planning.problem is not None:
        note("bad" if planning.failed else "warn", planning.problem.message)
    else:
        _questions(session)


@st.fragment(run_every=POLL_S)
def _await_plan() -> None:
    """Show that a plan is under way, and take it up when it is there."""
    session = current()
    if session.planning is None:
        st.rerun()
    wait([session.planning], timeout=FIRST_WAIT_S)
    if not session.planning.done():
        st.html('<p class="lu-busy" role="status">Planning …</p>')
        return
    try:
        session.take(session.planning.result())
    except LuthierError as error:
        session.planning = None
        kind_note(error)
        return
    st.rerun()


def _questions(session: OrchestratorSession) -> None:
    assert session.recorded is not None
    items = "".join(f"<li>{inline(each)}</li>" for each in session.recorded.planning.questions)
    st.html(f'<div class="lu-answer" role="status"><ul>{items}</ul></div>')
    with st.form("orchestrator_answer", clear_on_submit=True, border=False):
        text = st.text_input("Your answer")
        answered = st.form_submit_button("Answer", icon=":material/reply:")
    if answered and text.strip():
        session.answer(text)
        session.planning = services.begin_plan(session.prompt, session.answers)
        st.rerun()
