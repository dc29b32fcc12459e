"""Effects of unknown outcome: only a person can say whether they happened."""

from __future__ import annotations

from html import escape

import streamlit as st

from prefect_luthier.errors import LuthierError
from prefect_luthier.ui.builder.run_list import ago
from prefect_luthier.ui.builder.style import kind_note, note
from prefect_luthier.ui.orchestrator import services
from prefect_luthier.ui.orchestrator.plan_cards import shown_params
from prefect_luthier.ui.orchestrator.services import Doubt


def show() -> None:
    """Show each effect in doubt with the question that settles it; nothing where there is none."""
    try:
        found = services.waiting()
    except LuthierError as error:
        kind_note(error)
        return
    if not found:
        return
    st.html('<p class="lu-section">Waiting for you</p>')
    note(
        "warn",
        f"{len(found)} message{'s' if len(found) != 1 else ''} may or may not have been sent.",
        "Look in the mailbox, then say what you found. Nothing is sent again by itself.",
    )
    for doubt in found:
        _question(doubt)


def _question(doubt: Doubt) -> None:
    effect = doubt.effect
    about = shown_params(doubt.params)
    key = effect.key.client_request_id
    told = f'<p class="lu-under">{escape(about)}</p>' if about else ""
    with st.container(key=f"doubt_{key}"):
        st.html(
            f'<div class="lu-title"><strong>{escape(effect.key.action)}</strong>'
            f"<code>{escape(key)}</code></div>"
            f"{told}"
            f'<p class="lu-under">in doubt since {ago(effect.updated_at)} · look for '
            f"<code>{escape(effect.key.marker)}</code></p>"
        )
        said = st.text_input("What did you find?", key=f"doubt_note_{key}")
        with st.container(horizontal=True):
            sent = st.button("It was sent", key=f"doubt_sent_{key}", icon=":material/done:")
            lost = st.button("It was not sent", key=f"doubt_lost_{key}", icon=":material/close:")
        if not (sent or lost):
            return
        try:
            services.settle_doubt(key, was_sent=sent, note=said)
        except LuthierError as error:
            kind_note(error)
            return
        st.rerun()
