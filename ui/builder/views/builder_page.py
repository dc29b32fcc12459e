"""The builder page: describe, check, change, register."""

from __future__ import annotations

import streamlit as st

from prefect_luthier.ui.builder import conversation, opening, session, workbench


def show() -> None:
    """Show the request box, or the conversation beside the workflow that it is about."""
    current = session.current()
    if not current.started and current.pending_request is None:
        opening.show()
        return
    talk, work = st.columns([5, 9], gap="large")
    with talk:
        conversation.show(current)
    with work:
        if current.revision:
            workbench.show(current)
        else:
            workbench.show_nothing(current)
