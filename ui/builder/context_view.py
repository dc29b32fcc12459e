"""What a drafter reads besides the operator's words: shown before and after asking."""

from __future__ import annotations

import streamlit as st

from prefect_luthier.ui.builder import services
from prefect_luthier.ui.builder.session import BuilderSession


def show(current: BuilderSession) -> None:
    """Show a button that opens the context of the next request."""
    with st.popover("What the drafter reads", icon=":material/visibility:", type="tertiary"):
        if services.drafts_offline():
            _offline()
        else:
            _model(current)


def _offline() -> None:
    entries = list(services.catalog())
    st.markdown(
        f"The offline drafter compares your words with these **{len(entries)}** entries of the "
        "catalog. Nothing leaves this machine."
    )
    st.dataframe(
        [{"uses": each.reference, "what it does": each.description} for each in entries],
        hide_index=True,
        width=640,
    )


def _model(current: BuilderSession) -> None:
    """Show the prompt word for word; the wish itself stands in it as it will be typed."""
    preview = services.prompt_for("(your request)", current.text, current.conversation())
    st.markdown(
        f"The model is sent exactly this, about **{preview['tokens']:,}** tokens, with your "
        "request in its place, and the schema that its answer must have."
    )
    for message in preview["messages"]:
        st.caption(message["role"])
        st.code(message["content"], language=None, wrap_lines=True, height=260, width=640)
    with st.expander("Schema of the answer"):
        st.json(preview["schema"], expanded=False)
