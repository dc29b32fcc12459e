"""Registering: the button, what an update changes, and what came of it."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.definition.parameter_form import form_schema
from prefect_luthier.deployments.definition.validate import Report
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.register import Registration
from prefect_luthier.ui.builder import permission_view, run_starting, services
from prefect_luthier.ui.builder.session import BuilderSession
from prefect_luthier.ui.builder.style import kind_note

_TOAST_SECONDS = 20


def show(current: BuilderSession, report: Report, errors: int) -> None:
    """Show the button; where it is off, it says why."""
    why_not = _why_not(current, report, errors)
    clicked = st.button(
        "Register",
        type="primary",
        icon=":material/rocket_launch:",
        disabled=bool(why_not),
        help=why_not or "Make it a Prefect deployment with its own parameter form",
        key="register",
        width="stretch",
    )
    if why_not:
        st.caption(why_not)
    if clicked and report.definition:
        _register(current, report.definition)


def _why_not(current: BuilderSession, report: Report, errors: int) -> str:
    if not report.definition:
        return f"Repair {errors} error{'s' if errors != 1 else ''} first"
    if permission_view.unapproved(current, report.definition):
        return "Allow what it newly asks for first"
    return ""


def _register(current: BuilderSession, definition: Definition) -> None:
    try:
        preview = services.preview_registration(
            definition, current.text, current.values, _provenance(current)
        )
        if preview.updated:
            _confirm(current, definition, preview)
            return
        done = services.register_definition(
            definition, current.text, current.values, _provenance(current)
        )
    except LuthierError as error:
        if error.code == "breaks-schedules":
            _confirm_breaking(current, definition, error)
        else:
            kind_note(error)
        return
    _tell(current, definition, done)


def show_outcome(current: BuilderSession, definition: Definition | None) -> None:
    """Show where the workflow is now, as long as the text is what was registered."""
    done = current.registration
    if done is None or definition is None or definition.digest != current.registered_digest:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="registered"):
        st.html(_outcome(definition, current), width="stretch")
        if st.button("Run it", type="primary", icon=":material/play_arrow:", key="run_registered"):
            _run(done)
        st.link_button("Open in Prefect", done.url, icon=":material/open_in_new:")


def _outcome(definition: Definition, current: BuilderSession) -> str:
    form = form_schema(definition)
    lacking = [
        form["properties"][name]["title"]
        for name in form["required"]
        if definition.parameters[name].default is None and name not in current.values
    ]
    if definition.triggers and lacking:
        advice = (
            f"Its schedule stays off until {', '.join(lacking)} has a value: give it in the run "
            "form and register again, or set it in Prefect."
        )
    elif definition.triggers:
        advice = "It starts by its schedule, or when you run it."
    else:
        advice = "It starts when you run it, here or in Prefect."
    return (
        f'<div class="lu-note good" role="status"><strong>Registered {escape(definition.version)}'
        f"</strong><span>{escape(advice)}</span></div>"
    )


def _run(done: Registration) -> None:
    try:
        workflow = services.find_registered(done.flow)
    except LuthierError as error:
        kind_note(error)
        return
    if workflow:
        run_starting.ask(workflow)


@st.dialog("Update this workflow?")
def _confirm(current: BuilderSession, definition: Definition, preview: Registration) -> None:
    st.markdown(f"**{definition.id}** is registered already. Registering changes:")
    st.markdown("\n".join(f"- {change}" for change in preview.changes))
    if preview.kept:
        st.markdown("It keeps what somebody set in Prefect:")
        st.markdown("\n".join(f"- {kept}" for kept in preview.kept))
    _confirmed(current, definition, "Update", replace=False)


@st.dialog("This would break schedules")
def _confirm_breaking(current: BuilderSession, definition: Definition, error: LuthierError) -> None:
    st.markdown(error.message[:1].upper() + error.message[1:])
    st.caption("Give the parameters a default, or register it all the same.")
    _confirmed(current, definition, "Register all the same", replace=True)


def _confirmed(
    current: BuilderSession, definition: Definition, label: str, *, replace: bool
) -> None:
    if st.button(label, type="primary", key="confirm_register"):
        try:
            done = services.register_definition(
                definition,
                current.text,
                current.values,
                _provenance(current),
                replace=replace,
            )
        except LuthierError as error:
            kind_note(error)
            return
        _tell(current, definition, done)
        st.rerun()


def _tell(current: BuilderSession, definition: Definition, done: Registration) -> None:
    changed = "Updated" if done.updated else "Nothing to change:"
    word = "Registered" if done.created else changed
    st.toast(
        f"{word} **{definition.name or definition.id}** {definition.version}. "
        f"[Open it in Prefect]({done.url})",
        icon=":material/check_circle:",
        duration=_TOAST_SECONDS,
    )
    current.registration, current.registered_digest = done, definition.digest


def _provenance(current: BuilderSession) -> dict[str, Any]:
    """Return who made the text: the last drafter whose words are in it, or nobody but the hand."""
    drafts = [each.draft for each in current.exchanges if each.draft and each.draft.toml]
    if not drafts:
        return {"drafter": "written by hand"}
    last = drafts[-1]
    return {
        "request": next(each.request for each in current.exchanges if each.draft),
        "drafter": last.provider,
        "model": last.model,
        "snapshot": last.snapshot,
        "edited by hand": "yes" if current.edited else "no",
    }
