"""What the workflow may do, and what it newly asks for."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from html import escape

import streamlit as st

from prefect_luthier.deployments.definition.model import Definition
from prefect_luthier.deployments.definition.permissions import Permission, permissions
from prefect_luthier.ui.builder import services
from prefect_luthier.ui.builder.session import BuilderSession

_WORDS = {
    "shell": "runs shell commands",
    "command": "starts {}",
    "network": "talks to {}",
    "secret": "reads the secret {}",
    "model": "calls a language model",
    "other": "{}",
}
_FILES = {"read": "reads files", "write": "writes files"}


def words(permission: Permission) -> str:
    """Return a permission as a person would say it."""
    if permission.kind == "files":
        return _FILES.get(permission.name, permission.name)
    if permission == Permission("network", "*"):
        return "talks to any host"
    return _WORDS[permission.kind].format(permission.name)


def unapproved(current: BuilderSession, definition: Definition) -> list[Permission]:
    """Return what this text asks for beyond what the operator has agreed to."""
    asked = permissions(definition, services.catalog())
    if current.approved is None:
        return []
    return sorted(asked - current.approved)


def show(current: BuilderSession, definition: Definition | None, verdict: str) -> None:
    """Show the verdict and all permissions; ask about those that a change added.

    Args:
        current: The session.
        definition: The definition, None while it is not valid.
        verdict: Chips to show before the permissions, as HTML.
    """
    if definition is None:
        st.html(f'<div class="lu-chips">{verdict}</div>')
        return
    asked = permissions(definition, services.catalog())
    if current.approved is None:
        current.approved = asked  # a first draft shows them all; registering it is the consent
    new = unapproved(current, definition)
    st.html(f'<div class="lu-chips">{verdict}{_chips(asked, new)}</div>')
    if new:
        with st.container(horizontal=True, vertical_alignment="center", key="approval"):
            st.html(
                f'<div class="lu-note warn"><strong>It now asks for more</strong>'
                f"<span>{escape(', '.join(words(each) for each in new))}</span></div>",
                width="stretch",
            )
            st.button(
                "Allow",
                icon=":material/verified_user:",
                key="allow",
                on_click=_allow,
                args=(current, asked),
            )


def _chips(asked: Iterable[Permission], new: Collection[Permission]) -> str:
    return "".join(
        f'<span class="lu-chip new">new: {escape(words(each))}</span>'
        if each in new
        else f'<span class="lu-chip">{escape(words(each))}</span>'
        for each in sorted(asked)
    )


def _allow(current: BuilderSession, asked: frozenset[Permission]) -> None:
    current.approved = (current.approved or frozenset()) | asked
