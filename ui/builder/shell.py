"""What stands on every page: who is here, what answers, what drafts."""

from __future__ import annotations

from html import escape

import streamlit as st

from prefect_luthier.ui.builder import services
from prefect_luthier.ui.builder.style import inline, sentence


@st.fragment(run_every=10)
def footer() -> None:
    """Show the state of the parts that the page stands on."""
    state = services.health()
    drafter = (
        "offline drafter, no model needed"
        if state.drafter == "offline"
        else f"model {state.drafter}"
    )
    if state.prefect_ui:
        prefect = (
            f'<span class="lu-dot"><a href="{escape(state.prefect_ui, quote=True)}" '
            f'target="_blank" rel="noopener">Prefect UI</a></span>'
        )
    else:
        prefect = '<span class="lu-dot bad">Prefect does not answer</span>'
    trouble = f"<span>{inline(sentence(str(state.trouble)))}</span>" if state.trouble else ""
    st.html(
        f'<footer class="lu-footer">{prefect}<span>{escape(drafter)}</span>'
        f"<span>signed in as {escape(services.operator())}</span>{trouble}</footer>"
    )
