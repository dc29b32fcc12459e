"""The workflow under construction: its head, picture, text, form and changes."""

from __future__ import annotations

from html import escape

import streamlit as st

from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.definition.parameter_form import form_schema
from prefect_luthier.deployments.definition.validate import Report
from prefect_luthier.ui.builder import (
    diff_view,
    findings,
    permission_view,
    registering,
    run_form,
    services,
    session,
)
from prefect_luthier.ui.builder.frontend_parts import code_editor, workflow_picture
from prefect_luthier.ui.builder.session import BuilderSession
from prefect_luthier.ui.builder.style import empty
from prefect_luthier.ui.builder.workflow_view import picture_of

EDITOR_KEY = "definition_editor"
PICTURE_KEY = "definition_picture"


def show_nothing(current: BuilderSession) -> None:
    """Show the empty bench: while a first draft is made, or after a refusal."""
    if current.pending_request is not None:
        empty("On the bench in a moment", "The draft is being made and checked.")
    else:
        empty(
            "Nothing on the bench yet",
            "Answer the drafter, or describe the automation in other words.",
        )


def show(current: BuilderSession) -> None:
    """Show the workflow, checked as it stands."""
    report = services.check(current.text)
    seen = report.definition or services.read_loosely(current.text)
    is_stale = seen is None and bool(current.last_readable)
    if seen:
        current.last_readable = current.text
    elif is_stale:
        seen = services.read_loosely(current.last_readable)
    _head(current, report, seen)
    _picture(seen, is_stale=is_stale)
    _tabs(current, report, seen)


def _head(current: BuilderSession, report: Report, seen: Definition | None) -> None:
    errors = sum(finding.is_error for finding in report.diagnostics)
    with st.container(key="bench_head"):
        title, action = st.columns([4, 1], vertical_alignment="top")
        title.html(_title(seen))
        with action:
            registering.show(current, report, errors)
        status = _status(errors, len(report.diagnostics) - errors)
        with st.container(key="bench_status"):
            permission_view.show(current, report.definition, status)
            registering.show_outcome(current, report.definition)


def _title(seen: Definition | None) -> str:
    if seen is None:
        return '<div class="lu-title"><h2>Workflow</h2></div>'
    under = escape(seen.description or "")
    return (
        f'<div class="lu-title"><h2>{escape(seen.name or seen.id)}</h2>'
        f"<code>{escape(seen.id)} {escape(seen.version)}</code></div>"
        f'<p class="lu-under lu-clamp">{under}</p>'
    )


def _status(errors: int, warnings: int) -> str:
    """Return the verdict as chips."""
    found = (
        [_chip(errors, "error", "bad")] if errors else ['<span class="lu-chip good">valid</span>']
    )
    if warnings:
        found.append(_chip(warnings, "warning", "warn"))
    return "".join(found)


def _chip(count: int, noun: str, kind: str) -> str:
    return f'<span class="lu-chip {kind}">{count} {noun}{"s" if count != 1 else ""}</span>'


def _picture(seen: Definition | None, *, is_stale: bool) -> None:
    with st.container(key="picture_card"):
        if seen is None:
            empty("No picture", "The text cannot be read as a workflow yet; see the findings.")
            return
        workflow_picture(
            picture_of(seen, services.catalog()),
            key=PICTURE_KEY,
            label="Steps of the workflow. Choose one to see it in the text.",
            is_stale=is_stale,
            on_step=_reveal_step,
        )


def _tabs(current: BuilderSession, report: Report, seen: Definition | None) -> None:
    changed = current.compared_with != current.text and bool(current.compared_with)
    with st.container(key="tabs_card"):
        names = ["Definition", "Run form", "Changes"]
        text_tab, form_tab, changes_tab = st.tabs(names, key="bench_tabs")
    with text_tab:
        code_editor(
            current.text,
            report.diagnostics,
            key=EDITOR_KEY,
            revision=current.revision,
            sequence=current.sequence,
            reveal=current.reveal,
            on_edit=_take_edit,
            on_fix=_apply_fix,
        )
        findings.show(current, report)
    with form_tab:
        _form(current, seen)
    with changes_tab:
        diff_view.show(current.compared_with if changed else "", current.text)


def _form(current: BuilderSession, seen: Definition | None) -> None:
    if seen is None:
        empty("No form yet", "The text cannot be read as a workflow yet.")
        return
    st.caption(
        "What a person is asked who starts a run, here and in the Prefect UI. Values that you give "
        "now are registered with it: its schedule runs with them."
    )
    schema = form_schema(seen)
    given = run_form.fields(schema, key=f"preview_{seen.id}").values
    defaults = {name: rule.get("default") for name, rule in schema["properties"].items()}
    current.values = {name: value for name, value in given.items() if value != defaults.get(name)}


def _take_edit() -> None:
    session.current().take_edit(st.session_state[EDITOR_KEY].draft)


def _apply_fix() -> None:
    current = session.current()
    index = st.session_state[EDITOR_KEY].fix
    found = services.check(current.text).diagnostics
    if index is not None and index < len(found):
        findings.apply(current, [found[index]])


def _reveal_step() -> None:
    """Move the editor to the step that was chosen in the picture."""
    current = session.current()
    step = st.session_state[PICTURE_KEY].step
    line = services.line_of_step(current.text, step) if step else None
    if line:
        current.show(line)
