"""The decision: files handed in, the gate's verdict on record, and a person's word about it."""

from __future__ import annotations

from functools import partial
from html import escape

import streamlit as st

from prefect_luthier.errors import LuthierError
from prefect_luthier.rmos.approval.lifecycle import REVISION_REQUIRED
from prefect_luthier.rmos.approval.rules import Decision
from prefect_luthier.rmos.design.context import Context
from prefect_luthier.rmos.design.spec import RosetteSpec
from prefect_luthier.ui.builder.services import operator
from prefect_luthier.ui.builder.style import chips, empty, kind_note, note
from prefect_luthier.ui.studio import conditions, services
from prefect_luthier.ui.studio.records_reading import DesignView
from prefect_luthier.ui.studio.services import HandIn
from prefect_luthier.ui.studio.session import StudioSession

_LABELS: dict[Decision, tuple[str, str]] = {
    "approve": ("Approve", "check_circle"),
    "override": ("Accept anyway", "gavel"),
    "request_revision": ("Ask for a revision", "edit_note"),
    "reject": ("Reject", "cancel"),
    "revoke": ("Revoke", "undo"),
    "archive": ("Archive", "inventory_2"),
}
_KINDS = {"approved": "good", "toolpaths_ready": "good", "rejected": "bad"}
_ACTOR_KEY, _NOTE_KEY, _NAME_KEY, _UPLOADS = (
    "studio_actor",
    "studio_note",
    "studio_name",
    "studio_attachments",
)


def show(current: StudioSession) -> None:
    """Show what is on record of the design, and what can be decided."""
    view = services.read_design(current.design_id) if current.design_id else None
    st.text_input(
        "Your name",
        operator(),
        key=_ACTOR_KEY,
        help="Stands in the record beside every decision.",
    )
    if view is not None:
        _on_record(current, view)
    if current.spec is None or current.context is None:
        if view is None:
            empty("No design to decide about", "Search for one, or open one that is on record.")
    elif not current.is_handed_in:
        _hand_in(current, current.spec, current.context, view)
    _others(current)


def _on_record(current: StudioSession, view: DesignView) -> None:
    row = view.row
    state = row.state.replace("_", " ")
    labels = chips([state], _KINDS.get(row.state, "warn"))
    verdict = f"{row.decision} · {row.score:.1f}" if row.score is not None else ""
    st.html(
        f'<div class="lu-title"><h2>{escape(row.name or "Design " + view.id[:8])}</h2>'
        f'{labels}</div><p class="lu-under">{escape(verdict)} · revision {row.revision} · '
        f"handed in by {escape(row.actor)}</p>"
    )
    if view.unapprovable is not None:
        note("quiet", view.unapprovable.message, view.unapprovable.advice)
    if view.decisions:
        _decisions(current, view)
    _history(view)


def _decisions(current: StudioSession, view: DesignView) -> None:
    st.text_area(
        "Reason",
        key=_NOTE_KEY,
        height=70,
        placeholder="Why; accepting it anyway needs ten characters or more.",
    )
    with st.container(horizontal=True, key="studio_decisions"):
        for decision in view.decisions:
            label, icon = _LABELS[decision]
            if st.button(
                label,
                icon=f":material/{icon}:",
                type="primary" if decision == "approve" else "secondary",
                key=f"studio_decide_{decision}",
            ):
                _decide(view, decision)
    if current.is_handed_in and view.row.state == "approved":
        st.button(
            "On to the toolpaths",
            icon=":material/arrow_forward:",
            on_click=current.go_to,
            args=("Toolpaths",),
        )


def _decide(view: DesignView, decision: Decision) -> None:
    try:
        services.decide(
            view.id,
            decision,
            note=st.session_state[_NOTE_KEY],
            actor=st.session_state[_ACTOR_KEY],
            version=view.row.version,
        )
    except LuthierError as error:
        kind_note(error)
        return
    st.toast(f"{_LABELS[decision][0]}: recorded.", icon=":material/history_edu:")
    st.rerun(scope="app")


def _history(view: DesignView) -> None:
    lines = "".join(
        f"<li><b>{escape(line.event.replace('_', ' '))}</b> → "
        f"{escape(line.target.replace('_', ' '))}"
        f"{f' <q>{escape(line.note)}</q>' if line.note else ''}"
        f"<small>{escape(line.actor)}, {line.time:%Y-%m-%d %H:%M:%S} UTC · "
        f"{escape(line.digest.removeprefix('sha256:')[:12])}</small></li>"
        for line in reversed(view.lines)
    )
    with st.expander(f"History, {len(view.lines)} entries"):
        st.html(f'<ul class="st-history">{lines}</ul>')


def _hand_in(
    current: StudioSession, spec: RosetteSpec, context: Context, view: DesignView | None
) -> None:
    revises = view if view is not None and view.row.state == REVISION_REQUIRED else None
    st.html('<p class="lu-section">Hand in the design on the bench</p>')
    if view is not None and revises is None:
        note("quiet", "The bench holds another design than the record above.")
    _attachments(current)
    st.text_input("Name", key=_NAME_KEY, placeholder="Rosette for Mrs Garcia's OM")
    st.caption(
        "The design, its conditions and the drawing are kept by their digests. The verdict is "
        "recorded whatever it is."
    )
    label = "Hand in the revision" if revises else "Hand in for a decision"
    if st.button(label, type="primary", icon=":material/how_to_reg:", width="stretch"):
        candidate = HandIn(
            spec,
            context,
            attachments=tuple(current.attachments),
            search="" if current.changed else current.found_by,
            revises=revises.id if revises else "",
            name=st.session_state[_NAME_KEY],
            actor=st.session_state[_ACTOR_KEY],
        )
        _submit(current, candidate)


def _submit(current: StudioSession, candidate: HandIn) -> None:
    try:
        with st.spinner("The gate looks at it …"):
            bound = services.hand_in(candidate)
    except LuthierError as error:
        kind_note(error)
        return
    current.design_id = bound["design"]
    current.handed_in = (candidate.spec.digest, candidate.context.digest)
    current.attachments = {}
    st.toast(f"{bound['decision']}: recorded.", icon=":material/history_edu:")
    st.rerun(scope="app")


def _attachments(current: StudioSession) -> None:
    files = st.file_uploader(
        "Drawings, photographs, the customer's letter",
        accept_multiple_files=True,
        key=_UPLOADS,
        help="Kept under their SHA-256, verified whenever they are read.",
    )
    for file in files:
        if file.file_id in current.uploads:
            continue
        current.uploads.add(file.file_id)
        try:
            row = services.attach(file.name, file)
        except LuthierError as error:
            kind_note(error)
            continue
        current.attachments[row.sha256] = row.name
    for sha256, name in current.attachments.items():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(
                f'<span class="lu-finding">{escape(name)} <code>{sha256[:12]}</code></span>',
                width="stretch",
            )
            st.download_button(
                "Download",
                partial(services.attachment_content, sha256),
                name,
                key=f"studio_attachment_{sha256}",
                type="tertiary",
                on_click="ignore",
            )


def _others(current: StudioSession) -> None:
    """Show the designs on record, to be opened on this bench."""
    with st.expander("Designs on record"):
        found = services.recent_designs()
        if not found:
            st.caption("None yet: hand one in.")
            return
        names = dict(found)
        chosen = st.selectbox(
            "Design", list(names), None, format_func=names.__getitem__, placeholder="Choose …"
        )
        if chosen:
            st.button(
                "Open it", icon=":material/folder_open:", on_click=open_design,
                args=(current, chosen),
            )  # fmt: skip


def open_design(current: StudioSession, design: str) -> None:
    """Put a design on record onto the bench, under the conditions that it was judged under."""
    view = services.read_design(design)
    current.design_id = view.id
    if view.spec is None or view.context is None:
        return
    current.set_conditions(conditions.form_of(view.context))
    current.context = view.context
    current.put_on_bench(view.spec, f"On record as {view.row.name or view.id[:8]}")
    current.handed_in = (view.spec.digest, view.context.digest)
