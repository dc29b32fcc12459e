"""The first step: conditions, designs to start from, and files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import streamlit as st

from prefect_luthier.diagnostics import Diagnostic
from prefect_luthier.rmos.design.reading import context_from_json, spec_from_json
from prefect_luthier.rmos.drawing.svg import design_svg
from prefect_luthier.rmos.library.library import load_library
from prefect_luthier.ui.builder.style import note, sentence
from prefect_luthier.ui.studio import conditions, services
from prefect_luthier.ui.studio.session import StudioSession

_UPLOADS, _PROBLEMS = "studio_uploads", "studio_upload_problems"


def show(current: StudioSession) -> None:
    """Show the form; what it holds counts at once."""
    document = conditions.show(current)
    reading = context_from_json(json.dumps(document), "conditions", load_library())
    current.context = reading.value
    errors = (finding.message for finding in reading.diagnostics if finding.is_error)
    current.problem = sentence(next(errors, ""))
    _findings(reading.diagnostics)
    st.button(
        "Search for a design",
        type="primary",
        icon=":material/search:",
        disabled=current.context is None,
        on_click=current.go_to,
        args=("Search",),
        width="stretch",
    )
    _files(current, document)


def _findings(diagnostics: Sequence[Diagnostic]) -> None:
    for finding in diagnostics:
        note(
            "bad" if finding.is_error else "warn", sentence(finding.message), finding.pointer or ""
        )


def _files(current: StudioSession, document: dict[str, Any]) -> None:
    with st.expander("Load and save files"):
        st.file_uploader(
            "A design or conditions, JSON",
            type="json",
            key=_UPLOADS,
            help="The same files as `luthier rosette score --spec FILE --context FILE` reads.",
            on_change=_load,
            args=(current,),
        )
        for name, problem in st.session_state.pop(_PROBLEMS, ()):
            note("bad", problem, f"In {name}.")
        with st.container(horizontal=True):
            st.download_button(
                "Conditions",
                json.dumps(document, indent=2, ensure_ascii=False),
                "context.json",
                "application/json",
                icon=":material/download:",
                on_click="ignore",
            )
            if current.spec is not None:
                st.download_button(
                    "Design",
                    json.dumps(services.document_of(current.spec), indent=2, ensure_ascii=False),
                    "design.json",
                    "application/json",
                    icon=":material/download:",
                    on_click="ignore",
                )
                st.download_button(
                    "Drawing",
                    design_svg(current.spec, current.context, dimensions=True),
                    "design.svg",
                    "image/svg+xml",
                    icon=":material/download:",
                    on_click="ignore",
                )


def _load(current: StudioSession) -> None:
    """Take an uploaded file: a document with rings is a design, any other is a context."""
    file = st.session_state.get(_UPLOADS)
    if file is None:
        return
    data = file.getvalue()
    library = load_library()
    if b'"rings"' in data and b'"soundhole_diameter_mm"' in data and b'"machine"' not in data:
        design = spec_from_json(data, file.name, library)
        if design.value is not None:
            current.put_on_bench(design.value, f"Loaded from {file.name}")
        found = design.diagnostics
    else:
        context = context_from_json(data, file.name, library)
        if context.value is not None:
            current.set_conditions(conditions.form_of(context.value))
            current.context = context.value
        found = context.diagnostics
    st.session_state[_PROBLEMS] = [
        (file.name, finding.message) for finding in found if finding.is_error
    ]
