"""The difference to the previous turn: in sentences and line by line."""

from __future__ import annotations

from html import escape

import streamlit as st

from prefect_luthier.ui.builder import services
from prefect_luthier.ui.builder.changes import DiffLine, describe_changes, diff_lines
from prefect_luthier.ui.builder.style import empty

_SIGNS = {"added": "+", "removed": "-", "same": "", "gap": ""}


def show(before: str, after: str) -> None:
    """Show what changed; an empty ``before`` means that there is nothing to compare with."""
    if not before:
        empty("No changes yet", "What the next turn changes shows up here, line by line.")
        return
    old, new = services.read_loosely(before), services.read_loosely(after)
    if old and new:
        sentences = describe_changes(old, new) or ["Only the layout or comments changed."]
        st.markdown("\n".join(f"- {sentence}" for sentence in sentences))
    st.html(diff_table(diff_lines(before, after)))


def diff_table(lines: list[DiffLine]) -> str:
    """Return a diff as an HTML table with line numbers on both sides."""
    rows = "".join(_row(line) for line in lines)
    return (
        '<div class="lu-diff" tabindex="0" role="region" aria-label="Changes line by line">'
        f"<table>{rows}</table></div>"
    )


def _row(line: DiffLine) -> str:
    if line.kind == "gap":
        return '<tr class="gap"><td colspan="4">⋯</td></tr>'
    sign = _SIGNS[line.kind]
    return (
        f'<tr class="{line.kind}"><td class="n">{line.old_number or ""}</td>'
        f'<td class="n">{line.new_number or ""}</td><td class="s">{sign}</td>'
        f"<td>{escape(line.text, quote=False) or '&nbsp;'}</td></tr>"
    )
