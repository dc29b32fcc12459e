"""Small pieces of the page's look: the style sheet, the mark, notes and chips."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from pathlib import Path

import streamlit as st

from prefect_luthier.errors import LuthierError

_HERE = Path(__file__).parent
LOGO = _HERE / "static" / "logo.svg"


def apply_style() -> None:
    """Load the style sheet and show the mark."""
    st.html(_HERE / "style.css")
    st.logo(LOGO, size="large")


def heading(title: str, lead: str = "", eyebrow: str = "") -> None:
    """Show a page's title with a line that says what the page is for."""
    above = f'<p class="lu-eyebrow">{escape(eyebrow)}</p>' if eyebrow else ""
    below = f'<p class="lu-lead">{escape(lead)}</p>' if lead else ""
    st.html(f'<header class="lu-heading">{above}<h1>{escape(title)}</h1>{below}</header>')


def chips(labels: Iterable[str], kind: str = "") -> str:
    """Return small labels side by side, as HTML."""
    inner = "".join(f'<span class="lu-chip {kind}">{escape(label)}</span>' for label in labels)
    return f'<span class="lu-chips">{inner}</span>'


def kind_note(error: LuthierError) -> None:
    """Show a failure: what happened, and what to do next."""
    note("bad", error.message, error.advice)


def note(kind: str, message: str, advice: str = "") -> None:
    """Show a note: ``good``, ``bad``, ``warn`` or ``quiet``."""
    role = "alert" if kind == "bad" else "status"
    message = sentence(message)
    more = f"<span>{inline(advice)}</span>" if advice else ""
    st.html(
        f'<div class="lu-note {kind}" role="{role}"><strong>{inline(message)}</strong>{more}</div>'
    )


def inline(text: str) -> str:
    """Return text as HTML, with what stands in backticks as code and in ** as strong."""
    shown = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text, quote=False))
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", shown)


def sentence(text: str) -> str:
    """Return text that begins with a capital."""
    return text[:1].upper() + text[1:]


def empty(title: str, text: str) -> None:
    """Show what stands where nothing is yet."""
    st.html(f'<div class="lu-empty">{mark()}<h3>{escape(title)}</h3><p>{escape(text)}</p></div>')


def mark() -> str:
    """Return the rosette as HTML."""
    return '<img class="lu-mark" src="app/static/mark.svg" alt="">'
