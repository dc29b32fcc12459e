"""The plan as cards: what each action would do, whether it may, and the button that lets it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import escape
from typing import Any

import streamlit as st

from prefect_luthier.ai_builder.action_planning.plan import PlannedAction
from prefect_luthier.errors import LuthierError
from prefect_luthier.policy import Decision
from prefect_luthier.ui.builder.style import inline, kind_note, note
from prefect_luthier.ui.orchestrator import services
from prefect_luthier.ui.orchestrator.session import OrchestratorSession, readable

LISTS = frozenset({"to", "cc", "bcc", "references"})
_PART = re.compile(r'(?:"[^"]*"|[^,"]|")+')
LONG = frozenset({"text", "html", "message", "task"})


def show(session: OrchestratorSession) -> None:
    """Show a card for each action, and the button for all of them."""
    assert session.recorded is not None
    plan = session.recorded.planning.plan
    assert plan is not None
    meta = session.recorded.planning.meta
    st.html(
        f'<div class="lu-title"><h2>{escape(plan.intent.replace("_", " ").capitalize())}</h2></div>'
        f'<p class="lu-under">{plan.confidence:.0%} sure · planned by '
        f"{escape(meta.model or 'the offline planner')} in {meta.duration_s:.1f} s · "
        f"{meta.tokens.total:,} tokens</p>"
    )
    if session.job_ids:
        note("good", "Accepted.", "Each action is done once; the list shows how it goes.")
        return
    if not session.actions:
        note("quiet", "Every action was left out.", "Plan again to get them back.")
        return
    for number, action in enumerate(session.actions):
        _edit(session, number, action)
    decisions = services.judged(session.actions)
    _verdicts(session, decisions)
    _execute(session, decisions)


def _edit(session: OrchestratorSession, number: int, action: PlannedAction) -> None:
    key = f"{session.revision}_{number}"
    with st.container(key=f"action_card_{key}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.html(
                f'<div class="lu-title"><h3>{escape(action.action)}</h3>'
                f"<code>{escape(action.provider)}</code></div>",
                width="stretch",
            )
            st.button(
                "Leave out",
                key=f"leave_out_{key}",
                icon=":material/close:",
                type="tertiary",
                on_click=session.remove,
                args=(number,),
            )
        values = {
            name: _field(name, value, f"param_{key}_{name}")
            for name, value in action.params.items()
        }
    if values != action.params:
        session.change(number, values)


def _field(name: str, value: Any, key: str) -> Any:
    """Show one parameter as something to edit, and return it as edited."""
    label = name.replace("_", " ").capitalize()
    if name in LISTS and isinstance(value, list):
        given = ", ".join(map(str, value))
        text = st.text_input(label, given, key=key)
        return value if text == given else _listed(text)
    if isinstance(value, bool):
        return st.checkbox(label, value, key=key)
    if isinstance(value, str):
        if name in LONG or "\n" in value or len(value) > 80:  # noqa: PLR2004 - a line's width
            return st.text_area(label, value, key=key)
        return st.text_input(label, value, key=key)
    text = st.text_area(label, readable(value), key=key, help="JSON")
    try:
        return json.loads(text)
    except ValueError as error:
        note("bad", f"{label} is no JSON: {error}.")
        return value


def _listed(text: str) -> list[str]:
    """Return the parts of a list with commas; a comma in quotes, as in a name, parts nothing."""
    return [part for each in _PART.findall(text) if (part := each.strip())]


def _verdicts(session: OrchestratorSession, decisions: list[Decision]) -> None:
    rows = "".join(
        f'<li class="{"good" if decision.allowed else "bad"}"><strong>{escape(action.action)}'
        f"</strong> {'permitted' if decision.allowed else 'refused'}: "
        f"{inline(decision.reason)}</li>"
        for action, decision in zip(session.actions, decisions, strict=True)
    )
    st.html(f'<ul class="lu-verdicts" role="status">{rows}</ul>')


def _execute(session: OrchestratorSession, decisions: list[Decision]) -> None:
    refused = sum(not decision.allowed for decision in decisions)
    count = len(session.actions)
    pressed = st.button(
        f"Do {'it' if count == 1 else f'all {count}'}",
        type="primary",
        icon=":material/send:",
        width="stretch",
        disabled=bool(refused),
        help=f"{refused} of {count} are refused: change them or leave them out."
        if refused
        else "Asks the permission gate again before each effect.",
    )
    if not pressed or session.recorded is None:
        return
    try:
        session.job_ids = services.execute(session.actions, session.recorded.id)
    except LuthierError as error:
        kind_note(error)
        return
    st.toast("Accepted: see how it goes in the list.", icon=":material/check_circle:")
    st.rerun()


def shown_params(params: Mapping[str, Any]) -> str:
    """Return what an action is about in one line: to whom, and the subject."""
    to = params.get("to")
    parts = [", ".join(map(str, to)) if isinstance(to, list) else str(to or "")]
    parts.append(str(params.get("subject") or params.get("message") or params.get("title") or ""))
    return " · ".join(part for part in parts if part)[:160]
