"""The files that a run has left: shown and for download."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import streamlit as st

from prefect_luthier.errors import LuthierError
from prefect_luthier.ui.builder import services
from prefect_luthier.ui.builder.run_reading import RunView
from prefect_luthier.ui.builder.style import kind_note

_SHOWN_BYTES = 200_000
_LANGUAGES = {".json": "json", ".toml": "toml", ".csv": "text", ".py": "python", ".yaml": "yaml"}


def show(view: RunView) -> None:
    """Show every file."""
    found = [*view.files, *(file for result in view.results.values() for file in result.artifacts)]
    files = {(file["path"], file["sha256"]): file for file in found}
    st.html('<p class="lu-section">Left behind</p>')
    if not files:
        st.caption("No files." if view.is_over else "Files appear here when the run has ended.")
    for index, file in enumerate(files.values()):
        _file(file, index)


def _file(file: dict[str, Any], index: int) -> None:
    try:
        content = services.file_content(file["sha256"])
    except LuthierError as error:
        kind_note(error)
        return
    name = PurePath(file["path"]).name
    with st.container(key=f"file_{file['sha256'][-12:]}_{index}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{name}** :gray[{len(content):,} bytes]", width="stretch")
            st.download_button(
                "Download",
                content,
                file_name=name,
                icon=":material/download:",
                key=f"download_{file['sha256']}_{file['path']}",
                on_click="ignore",
            )
        _content(name, content)
        st.caption(f"SHA-256 {file['sha256']}")


def _content(name: str, content: bytes) -> None:
    text = _text(content)
    if text is None:
        st.caption("Not shown here: it is large, or no text.")
    elif PurePath(name).suffix.lower() in {".md", ".markdown"}:
        st.markdown(text)
    else:
        st.code(text, language=_LANGUAGES.get(PurePath(name).suffix.lower()), height=300)


def _text(content: bytes) -> str | None:
    if len(content) > _SHOWN_BYTES or b"\0" in content:
        return None
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None
