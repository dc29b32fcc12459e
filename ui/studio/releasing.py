"""Releasing: the files of an approved design, made by its flow and kept in the records."""

from __future__ import annotations

from functools import partial

import streamlit as st

from prefect_luthier.errors import LuthierError
from prefect_luthier.rmos.approval.lifecycle import (
    APPROVED,
    TOOLPATHS_FAILED,
    TOOLPATHS_READY,
    TOOLPATHS_REQUESTED,
)
from prefect_luthier.rmos.store.releases import Release
from prefect_luthier.rmos.toolpaths.options import CutOptions, Dialect
from prefect_luthier.ui.builder.services import file_content, operator
from prefect_luthier.ui.builder.style import kind_note, note
from prefect_luthier.ui.studio import services
from prefect_luthier.ui.studio.records_reading import DesignView
from prefect_luthier.ui.studio.session import StudioSession

_RELEASABLE = {APPROVED, TOOLPATHS_READY, TOOLPATHS_FAILED, TOOLPATHS_REQUESTED}
_WORDS = {
    "gcode": "Program",
    "svg": "Drawing",
    "svg-dimensioned": "Drawing with sizes",
    "svg-toolpath": "Toolpath",
    "dxf": "DXF of the channels",
    "inlay": "DXF of the inlay",
    "cut-list": "Cut list",
    "bill-of-materials": "Bill of materials",
    "verification": "Verification",
}


def show(current: StudioSession, dialect: Dialect, options: CutOptions) -> None:
    """Show the button that makes the files, and the files that there are."""
    st.html('<p class="lu-section">Files for the workshop</p>')
    view = services.read_design(current.design_id) if current.design_id else None
    if view is None or not current.is_handed_in or view.row.state not in _RELEASABLE:
        note(
            "quiet",
            "Programs are released for approved designs only.",
            "Hand this design in and have it approved; the picture shows what it would be.",
        )
        st.button(
            "To the decision",
            icon=":material/arrow_back:",
            on_click=current.go_to,
            args=("Decision",),
        )
        return
    if st.button(
        "Make the files", type="primary", icon=":material/precision_manufacturing:", width="stretch"
    ):
        _release(view, dialect, options)
    if view.release is not None:
        _files(view.release)


def _release(view: DesignView, dialect: Dialect, options: CutOptions) -> None:
    try:
        with st.spinner("Planning, replaying, keeping …"):
            services.release(view.id, dialect, options, operator())
    except LuthierError as error:
        kind_note(error)
        return
    st.rerun(scope="app")


def _files(release: Release) -> None:
    document = release.to_json()
    st.caption(
        f"Released for {document['dialect']}, record {document['artifact']['digest'][7:19]}."
    )
    order = list(_WORDS)
    rows = sorted(release.files, key=lambda file: (order.index(file.kind), file.path))
    columns = st.columns(2)
    for index, file in enumerate(rows):
        columns[index % 2].download_button(
            _WORDS[file.kind],
            partial(file_content, file.sha256),
            file.path,
            file.media_type,
            icon=":material/download:",
            help=f"{file.path}, SHA-256 {file.sha256[:12]}…",
            key=f"studio_file_{file.path}",
            width="stretch",
            on_click="ignore",
        )
