"""What a person sees first: one question, a box, and examples to click."""

from __future__ import annotations

import streamlit as st

from prefect_luthier.ui.builder import session
from prefect_luthier.ui.builder.style import mark

EXAMPLES = (
    (
        "every weekday at 7 summarise the last 30 days of the git history of a repository into "
        "digest.md, and tell me if there were no commits"
    ),
    "every hour fetch https://example.com/status and tell me if it fails",
    "run `make test` in a repository, then notify me if it failed",
    "every monday at 9 fetch https://example.com/feed.json and save it to feed.json",
)

BLANK = """schema = 1
id = "my-workflow"
version = "0.1.0"
name = "My workflow"

[parameters.who]
type = "string"
default = "world"

[steps.hello]
run = "echo Hello, ${{ params.who }}"
"""


def show() -> None:
    """Show the opening."""
    with st.container(key="hero"):
        st.html(
            f'<div class="lu-hero">{mark()}<h1>What should run for you?</h1>'
            "<p>Describe it in your own words. Luthier drafts a workflow, checks every part of it, "
            "and shows it to you. Nothing runs before you register it.</p></div>"
        )
        with st.form("request_form", enter_to_submit=True, border=True):
            st.text_area(
                "Describe the automation",
                key="opening_request",
                height=104,
                placeholder="Every weekday at 7, …",
                label_visibility="collapsed",
            )
            with st.container(horizontal=True, vertical_alignment="center"):
                st.form_submit_button(
                    "Draft the workflow",
                    type="primary",
                    icon=":material/auto_awesome:",
                    on_click=_submit,
                )
                st.caption("or press Ctrl + Enter")
    with st.container(key="examples"):
        st.html('<p class="lu-section">Or start from an example</p>')
        for row in (EXAMPLES[:2], EXAMPLES[2:]):
            for column, text in zip(st.columns(2), row, strict=True):
                column.button(
                    text.replace("`", "\\`"),
                    key=f"example_{text[:40]}",
                    on_click=_ask,
                    args=(text,),
                    width="stretch",
                    wrap=True,
                )
        st.button(
            "Start from a small definition and write it yourself",
            type="tertiary",
            icon=":material/edit:",
            on_click=_blank,
        )


def _submit() -> None:
    _ask(st.session_state.get("opening_request", ""))


def _ask(request: str) -> None:
    session.current().ask(request)


def _blank() -> None:
    session.current().replace_text(BLANK)
