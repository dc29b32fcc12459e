"""The list of findings, each with its place and, where there is one, its fix."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from prefect_luthier.deployments.definition.validate import Report
from prefect_luthier.diagnostics import Diagnostic, apply_fixes
from prefect_luthier.ui.builder import session
from prefect_luthier.ui.builder.session import BuilderSession, Exchange
from prefect_luthier.ui.builder.style import inline, sentence

_SHOWN = 12


def show(current: BuilderSession, report: Report) -> None:
    """Show every finding, or nothing when there is none."""
    found = report.diagnostics
    fixable = [each for each in found if each.fix]
    with st.container(key="findings"):
        if len(fixable) > 1:
            st.button(
                f"Apply all {len(fixable)} fixes",
                icon=":material/build:",
                on_click=apply,
                args=(current, fixable),
            )
        for index, diagnostic in enumerate(found[:_SHOWN]):
            _finding(current, diagnostic, index)
        if len(found) > _SHOWN:
            st.caption(f"… and {len(found) - _SHOWN} more, marked in the text.")


def _finding(current: BuilderSession, diagnostic: Diagnostic, index: int) -> None:
    with st.container(
        key=f"finding_{diagnostic.severity}_{index}",
        horizontal=True,
        vertical_alignment="center",
        gap="small",
    ):
        st.html(
            f'<div class="lu-finding">{inline(sentence(diagnostic.message))} '
            f"<code>{escape(diagnostic.code)}</code></div>",
            width="stretch",
        )
        if diagnostic.fix:
            st.button(
                diagnostic.fix.title,
                key=f"fix_{index}",
                icon=":material/build:",
                on_click=apply,
                args=(current, [diagnostic]),
            )
        if diagnostic.span:
            st.button(
                f"Line {diagnostic.span.line}",
                key=f"goto_{index}",
                type="tertiary",
                icon=":material/my_location:",
                on_click=current.show,
                args=(diagnostic.span.line, diagnostic.span.column),
            )


def apply(current: BuilderSession, diagnostics: Sequence[Diagnostic]) -> None:
    """Apply the fixes of some findings, show where, and note it in the conversation."""
    fixes = [diagnostic.fix for diagnostic in diagnostics if diagnostic.fix]
    before = current.text
    current.replace_text(apply_fixes(before, fixes))
    titles = "; ".join(fix.title for fix in fixes)
    current.exchanges.append(Exchange(titles, is_fix=True, before=before, after=current.text))
    first = fixes[0].edits[0].span
    session.current().show(first.line, first.column)
