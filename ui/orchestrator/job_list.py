"""The history of jobs, with filters; it brings itself up to date."""

from __future__ import annotations

from html import escape

import streamlit as st

from prefect_luthier.deployments.store.jobs import ACTIVE
from prefect_luthier.deployments.store.orchestrator_tables import JOB_STATUSES, ActionJobRow
from prefect_luthier.errors import LuthierError
from prefect_luthier.ui.builder.run_list import ago
from prefect_luthier.ui.builder.style import empty, inline, kind_note
from prefect_luthier.ui.orchestrator import services
from prefect_luthier.ui.orchestrator.plan_cards import shown_params

REFRESH_S = 2

# The colours of a run's states say the same of a job.
STATE_CLASS = {"error": "failed"}


def show() -> None:
    """Show the filters and the jobs that pass them."""
    st.html('<p class="lu-section">Jobs</p>')
    chosen = st.pills(
        "Status", JOB_STATUSES, selection_mode="multi", label_visibility="collapsed", key="statuses"
    )
    _jobs(tuple(chosen))


@st.fragment(run_every=REFRESH_S)
def _jobs(statuses: tuple[str, ...]) -> None:
    try:
        found = services.jobs(statuses)
    except LuthierError as error:
        kind_note(error)
        return
    if not found:
        empty("No jobs", "What you let happen shows here, with how it went.")
        return
    for job in found:
        _line(job)


def _line(job: ActionJobRow) -> None:
    with st.container(key=f"job_card_{job.id}"):
        st.html(job_html(job, services.run_url(job)))
        if job.status in ACTIVE and st.button(
            "Cancel", key=f"cancel_{job.id}", icon=":material/stop_circle:", type="tertiary"
        ):
            try:
                services.cancel(job)
            except LuthierError as error:
                kind_note(error)


def job_html(job: ActionJobRow, run_url: str | None = None) -> str:
    """Return what there is to say of a job, with a link to its run where it has one."""
    state = STATE_CLASS.get(job.status, job.status)
    took = ""
    if job.ended_at and job.started_at:
        took = f" · {(job.ended_at - job.started_at).total_seconds():.1f} s"
    again = f" · {job.attempts} attempts" if job.attempts > 1 else ""
    reason = (job.error or {}).get("message", "")
    link = f' · <a href="{escape(run_url)}" target="_blank">open in Prefect</a>' if run_url else ""
    told = f'<p class="lu-under">{inline(str(reason))}</p>' if reason else ""
    return (
        f'<div class="lu-title"><span class="lu-state {state}">{job.status}</span>'
        f"<strong>{escape(job.action)}</strong></div>"
        f'<p class="lu-under">{escape(shown_params(job.params))}</p>'
        f'<p class="lu-under">{ago(job.created_at)}{took}{again} · {escape(job.actor)}{link}</p>'
        f"{told}"
    )
