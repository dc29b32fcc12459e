"""The conversation with the drafter: requests, answers, questions, refusals."""

from __future__ import annotations

from concurrent.futures import Future, wait
from html import escape
from typing import Any

import streamlit as st

from prefect_luthier.ai_builder.drafting import Draft, Refusal
from prefect_luthier.errors import LuthierError
from prefect_luthier.ui.builder import context_view, services, session
from prefect_luthier.ui.builder.changes import describe_changes
from prefect_luthier.ui.builder.session import BuilderSession, Exchange
from prefect_luthier.ui.builder.style import inline, kind_note, note

POLL_S = 0.5
FIRST_WAIT_S = 0.4

# What a person can do about a refusal; the message itself says what was missing.
REFUSAL_ADVICE = {
    "empty-request": "Say what should happen, and when.",
    "request-too-long": "Say it in a few sentences; details can follow one by one.",
    "not-a-workflow-request": "Describe something that should run: what, when, with which result.",
    "vague-request": "Name the things it should work on and what should come out.",
    "unknown-capability": "Say it with an action of the catalog, or install a plug-in for it.",
    "conflicting-request": "Say which of the two should hold.",
    "needs-model": "Set OPENAI_API_KEY or LUTHIER_MODEL_BASE_URL and start the stack again, "
    "or leave that part out.",
    "invalid-base": "Repair the findings first; one click on a fix may be enough.",
    "refused-by-model": "Put the request in other words.",
    "unusable-answer": "Ask again, or in smaller steps.",
    "model-failed": "Ask again in a moment; the offline drafter works without a model.",
}


def show(current: BuilderSession) -> None:
    """Show what was said, draft what is pending, and take the next wish."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html('<p class="lu-section">Conversation</p>', width="stretch")
        st.button(
            "Start over", type="tertiary", icon=":material/restart_alt:", on_click=session.restart
        )
    with st.container(key="talk"), st.container(key="conversation"):
        if not current.exchanges and current.pending_request is None:
            note("quiet", "Write it yourself, or say below what should change.")
        for number, exchange in enumerate(current.exchanges):
            _exchange(exchange, number, last=number == len(current.exchanges) - 1)
        if current.pending_request is not None:
            _said(current.pending_request)
            _await_draft()
    st.chat_input(
        "Change something: “also write the count to count.txt”"
        if current.text
        else "Say it in other words",
        key="refinement",
        on_submit=_refine,
    )
    context_view.show(current)


def _refine() -> None:
    session.current().ask(st.session_state.get("refinement") or "")


@st.fragment(run_every=POLL_S)
def _await_draft() -> None:
    """Show that a draft is under way, and take it up when it is there.

    It is made beside the page, so that what was there before can go and nothing stands still.
    """
    current = session.current()
    if current.pending_request is None:
        st.rerun()
    if current.drafting is None:
        current.drafting = services.begin_draft(
            current.pending_request, current.text, current.conversation()
        )
        wait([current.drafting], timeout=FIRST_WAIT_S)
    if current.drafting.done():
        _take_up(current, current.drafting)
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.html('<div class="lu-busy" role="status">Drafting and checking …</div>', width="stretch")
        st.button("Stop", icon=":material/stop_circle:", type="tertiary", on_click=_stop)


def _take_up(current: BuilderSession, drafting: Future[Any]) -> None:
    exchange = Exchange(current.pending_request or "", before=current.text, after=current.text)
    current.pending_request = current.drafting = None
    try:
        exchange.draft = services.finished_draft(drafting)
    except LuthierError as error:
        exchange.error = error
    if exchange.draft and exchange.draft.toml and exchange.draft.toml != current.text:
        current.replace_text(exchange.draft.toml)
        exchange.after = current.text
    current.exchanges.append(exchange)


def _stop() -> None:
    current = session.current()
    if current.drafting is not None:
        current.drafting.cancel()
    current.pending_request = current.drafting = None


def _exchange(exchange: Exchange, number: int, *, last: bool) -> None:
    if exchange.is_fix:
        st.html(f'<div class="lu-answer">Applied the fix: {escape(exchange.request)}</div>')
        return
    _said(exchange.request)
    if exchange.error:
        kind_note(exchange.error)
        if last:
            _again(exchange)
        return
    if exchange.draft and exchange.draft.refusal:
        _refusal(exchange.draft.refusal)
    elif exchange.before != exchange.after:
        _answer(exchange)
    elif exchange.draft and not exchange.draft.questions:
        note("quiet", "Nothing had to change.")
    if exchange.draft:
        _questions(exchange.draft, number, last=last)
        _provenance(exchange.draft)


def _said(text: str) -> None:
    st.html(f'<div class="lu-said">{escape(text)}</div>')


def _again(exchange: Exchange) -> None:
    def repeat() -> None:
        current = session.current()
        current.exchanges.pop()
        current.ask(exchange.request)

    st.button("Try again", icon=":material/refresh:", on_click=repeat)


def _refusal(refusal: Refusal) -> None:
    note("warn", refusal.message, REFUSAL_ADVICE.get(refusal.code, ""))


def _answer(exchange: Exchange) -> None:
    """Say what the drafter did, computed from the two texts and not from its words."""
    after = services.read_loosely(exchange.after)
    if after is None:
        note("warn", "The draft has errors that need your eye.")
        return
    sentences = describe_changes(services.read_loosely(exchange.before), after)
    if len(sentences) == 1:
        st.html(f'<div class="lu-answer">{inline(sentences[0])}</div>')
        return
    items = "".join(f"<li>{inline(sentence)}</li>" for sentence in sentences)
    st.html(f'<div class="lu-answer"><ul>{items}</ul></div>')


def _questions(draft: Draft, number: int, *, last: bool) -> None:
    for index, question in enumerate(draft.questions):
        note("quiet", question)
        if last and index == len(draft.questions) - 1:
            _ask_answer(number)


def _ask_answer(number: int) -> None:
    with (
        st.form(f"answer_{number}", border=False, clear_on_submit=True),
        st.container(horizontal=True, vertical_alignment="bottom"),
    ):
        st.text_input(
            "Your answer",
            key=f"answer_text_{number}",
            placeholder="Your answer",
            label_visibility="collapsed",
        )
        st.form_submit_button("Answer", on_click=_take_answer, args=(number,))


def _take_answer(number: int) -> None:
    session.current().ask(st.session_state.get(f"answer_text_{number}") or "")


def _provenance(draft: Draft) -> None:
    """Say who drafted, what it cost, and from which catalog; a fallback is never silent."""
    parts = [escape(part) for part in _drafted_by(draft)]
    if draft.tokens.total:
        parts.append(f"{draft.tokens.input:,} + {draft.tokens.output:,} tokens")
    count = len(draft.rounds)
    parts.append(_hinted(f"{count} round{'s' if count != 1 else ''}", _rounds_in_words(draft)))
    parts.append("catalog " + _hinted(_short(draft.snapshot), draft.snapshot))
    st.html(f'<p class="lu-provenance">{" · ".join(parts)}</p>')


def _drafted_by(draft: Draft) -> list[str]:
    offline = draft.provider == "offline"
    who = "offline drafter, no model" if offline else f"model {draft.model or draft.provider}"
    failed = {made.provider for made in draft.rounds} - {draft.provider}
    if not failed:
        return [who]
    reasons = [str(made.failure["message"]) for made in draft.rounds if made.failure]
    return [f"{', '.join(sorted(failed))} gave no answer", *reasons[-1:], f"instead: {who}"]


def _rounds_in_words(draft: Draft) -> str:
    return "\n".join(
        f"{made.number}. {made.provider}: {made.outcome}"
        + "".join(f", {each.code}" for each in made.diagnostics if each.is_error)
        for made in draft.rounds
    )


def _hinted(text: str, hint: str) -> str:
    return f'<abbr title="{escape(hint)}">{escape(text)}</abbr>'


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]
