"""The list of registered workflows; it brings itself up to date."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.register import RegisteredWorkflow
from prefect_luthier.ui.builder import run_starting, services, session
from prefect_luthier.ui.builder.style import chips, empty, kind_note
from prefect_luthier.ui.builder.workflow_view import cron_words
from prefect_luthier.ui.schedule_words import interval_words, why_off

REFRESH_S = 4


@st.fragment(run_every=REFRESH_S)
def show() -> None:
    """Show one card for each workflow."""
    try:
        found = services.registered()
    except LuthierError as error:
        kind_note(error)
        return
    if not found:
        empty("No workflows yet", "Describe one in the builder and register it: it appears here.")
        return
    for workflow in found:
        _card(workflow)


def _card(workflow: RegisteredWorkflow) -> None:
    with st.container(
        key=f"workflow_card_{workflow.id}", horizontal=True, vertical_alignment="center"
    ):
        st.html(_words(workflow), width="stretch")
        if st.button("Run", key=f"run_{workflow.id}", icon=":material/play_arrow:", type="primary"):
            run_starting.ask(workflow)
        if st.button("Edit", key=f"edit_{workflow.id}", icon=":material/edit:"):
            _edit(workflow)
        st.link_button("Prefect", workflow.url, icon=":material/open_in_new:")
        with st.popover("", icon=":material/more_horiz:", help="More"):
            st.caption("Removes the deployment and its schedule; past runs stay.")
            if st.button("Unregister", key=f"remove_{workflow.id}", icon=":material/delete:"):
                _remove(workflow)


def _words(workflow: RegisteredWorkflow) -> str:
    state = "paused" if workflow.paused else (workflow.status or "").replace("_", " ").lower()
    labels = chips([state], "good" if state == "ready" else "warn") if state else ""
    labels += " " + chips(workflow.tags) if workflow.tags else ""
    schedules = [_schedule(each) for each in workflow.schedules] or ["Starts when somebody runs it"]
    return (
        f'<div class="lu-title"><h2>{escape(workflow.id)}</h2>'
        f"<code>{escape(workflow.version)}</code>{labels}</div>"
        f'<p class="lu-under">{escape("; ".join(schedules))}</p>'
    )


def _schedule(schedule: dict[str, Any]) -> str:
    rule = schedule["rule"]
    if rule.get("cron"):
        words = f"{cron_words(rule['cron'])} ({rule.get('timezone') or 'UTC'})"
    elif rule.get("interval"):
        words = interval_words(float(rule["interval"])).capitalize()
    else:
        words = str(rule.get("rrule", "A schedule set in Prefect"))
    return ", ".join(part for part in (words, why_off(schedule)) if part)


def _edit(workflow: RegisteredWorkflow) -> None:
    text = services.stored_text(workflow)
    if text is None:
        st.warning("Its source is not in the database: it was registered from elsewhere.")
        return
    session.restart()
    session.current().replace_text(text)
    st.switch_page(st.session_state["luthier_pages"]["builder"])


def _remove(workflow: RegisteredWorkflow) -> None:
    try:
        services.remove(workflow.id)
    except LuthierError as error:
        kind_note(error)
        return
    st.toast(f"Unregistered **{workflow.id}**.", icon=":material/delete:")
    st.rerun(scope="fragment")
