"""How much of this minute's tokens is in use."""

from __future__ import annotations

import streamlit as st

from prefect_luthier.errors import LuthierError
from prefect_luthier.ui.builder.style import kind_note
from prefect_luthier.ui.orchestrator import services
from prefect_luthier.ui.orchestrator.services import Budget

REFRESH_S = 5


@st.fragment(run_every=REFRESH_S)
def show() -> None:
    """Show the gauge."""
    try:
        found = services.budget()
    except LuthierError as error:
        kind_note(error)
        return
    st.html(gauge(found))


def gauge(budget: Budget) -> str:
    """Return the gauge as HTML: spent, set aside, and what is left."""
    used = budget.settled + budget.reserved
    if budget.limit is None:
        words = f"{used:,} tokens in this minute; no limit is set (`AI_MAX_TOKENS_PER_MIN`)."
        bar = ""
    else:
        words = f"{used:,} of {budget.limit:,} tokens in this minute."
        shares = (budget.settled / budget.limit, budget.reserved / budget.limit)
        spent, held = (f"{min(1.0, share):.1%}" for share in shares)
        bar = (
            f'<div class="lu-gauge" role="meter" aria-label="Token budget" aria-valuemin="0" '
            f'aria-valuemax="{budget.limit}" aria-valuenow="{used}">'
            f'<i class="spent" style="width:{spent}"></i><i class="held" style="width:{held}"></i>'
            "</div>"
        )
    words = words.replace("`AI_MAX_TOKENS_PER_MIN`", "<code>AI_MAX_TOKENS_PER_MIN</code>")
    return f'<p class="lu-section">Budget</p>{bar}<p class="lu-under">{words}</p>'
