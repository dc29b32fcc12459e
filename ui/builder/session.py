"""What the builder page remembers between two clicks."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from prefect_luthier.ai_builder.drafting import Draft, Turn
from prefect_luthier.deployments.definition.permissions import Permission
from prefect_luthier.errors import LuthierError
from prefect_luthier.flows.register import Registration

_KEY = "luthier_builder"


@dataclass
class Exchange:
    """One request of the operator and what came of it.

    Args:
        request: The operator's words; for a fix, what it did.
        is_fix: Whether the operator applied a fix instead of asking the drafter.
        draft: The drafter's answer.
        error: Why there was none.
        before: The definition's text before.
        after: Its text afterwards.
    """

    request: str
    is_fix: bool = False
    draft: Draft | None = None
    error: LuthierError | None = None
    before: str = ""
    after: str = ""


@dataclass
class BuilderSession:
    """The state of one browser tab.

    Args:
        exchanges: The conversation so far.
        text: The definition as it stands in the editor.
        compared_with: The text that the diff compares with: before the last change by the
            drafter or by a fix.
        revision: Counts the times that the page, not the operator, replaced the text.
        sequence: The operator's edits since then, as the editor counts them.
        edited: Whether the operator changed the drafter's text by hand.
        reveal: The place that the editor shall show, with a token that makes it happen once.
        approved: What the operator agreed that the workflow may do; None before a first draft.
        values: Parameter values that were given besides the defaults.
        registration: What the last registration did.
        registered_digest: Digest of the definition that it registered.
        last_readable: The last text that could be read as a workflow.
        drafting: The draft under way for the pending request.
        pending_request: A request to draft at the next run of the script.
    """

    exchanges: list[Exchange] = field(default_factory=list)
    text: str = ""
    compared_with: str = ""
    revision: int = 0
    sequence: int = 0
    edited: bool = False
    reveal: dict[str, Any] | None = None
    approved: frozenset[Permission] | None = None
    values: dict[str, Any] = field(default_factory=dict)
    registration: Registration | None = None
    registered_digest: str | None = None
    pending_request: str | None = None
    last_readable: str = ""
    drafting: Future[Any] | None = None

    @property
    def started(self) -> bool:
        """Whether there is anything to show besides the request box."""
        return bool(self.exchanges or self.revision)

    def replace_text(self, text: str) -> None:
        """Put another text into the editor and compare with the one that was there."""
        self.compared_with, self.text = self.text, text
        self.revision += 1
        self.sequence = 0
        self.edited = False

    def take_edit(self, edit: Mapping[str, Any] | None) -> None:
        """Take over what the operator typed, unless the page has replaced the text since."""
        if edit and edit["revision"] == self.revision and edit["sequence"] > self.sequence:
            self.text, self.sequence, self.edited = edit["text"], edit["sequence"], True

    def show(self, line: int, column: int = 1) -> None:
        """Move the editor's cursor to a place."""
        token = (self.reveal or {}).get("token", 0) + 1
        self.reveal = {"line": line, "column": column, "token": token}

    def ask(self, request: str) -> None:
        """Note a wish to be drafted; of two at once the first counts."""
        if request.strip() and self.pending_request is None:
            self.pending_request = request.strip()

    def conversation(self) -> tuple[Turn, ...]:
        """Return the exchanges so far as a drafter reads them."""
        turns: list[Turn] = []
        for exchange in self.exchanges:
            if exchange.is_fix:
                continue
            turns.append(Turn("operator", exchange.request))
            answer = _answer(exchange)
            if answer:
                turns.append(Turn("drafter", answer))
        return tuple(turns)


def _answer(exchange: Exchange) -> str:
    draft = exchange.draft
    if draft is None:
        return ""
    if draft.refusal:
        return draft.refusal.message
    return "\n".join(draft.questions)


def current() -> BuilderSession:
    """Return this tab's session, new at the first call."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = BuilderSession()
    return st.session_state[_KEY]  # type: ignore[no-any-return]


def restart() -> None:
    """Forget the conversation and the draft; end the one under way."""
    drafting = current().drafting
    if drafting is not None:
        drafting.cancel()
    st.session_state[_KEY] = BuilderSession()
