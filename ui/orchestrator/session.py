"""What the orchestrator page remembers between two clicks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from prefect_luthier.ai_builder.action_planning.plan import PlannedAction
from prefect_luthier.flows.plan_actions import RecordedPlan

_KEY = "luthier_orchestrator"


@dataclass
class OrchestratorSession:
    """The state of one browser tab.

    Args:
        prompt: What the person asked for.
        answers: Answers to the planner's questions, oldest first.
        planning: The plan that is being made.
        recorded: The newest answer of the planner.
        actions: The plan's actions as the person left them.
        revision: Counts the plans; widgets of an older one are not asked.
        job_ids: Jobs of the plan that was executed.
    """

    prompt: str = ""
    answers: tuple[str, ...] = ()
    planning: Future[RecordedPlan] | None = None
    recorded: RecordedPlan | None = None
    actions: tuple[PlannedAction, ...] = ()
    revision: int = 0
    job_ids: tuple[str, ...] = field(default=())

    def ask(self, prompt: str) -> None:
        """Begin with another request."""
        self.prompt = prompt.strip()
        self.answers = ()
        self._forget()

    def answer(self, text: str) -> None:
        """Answer what the planner asked."""
        self.answers += (text.strip(),)
        self._forget()

    def take(self, recorded: RecordedPlan) -> None:
        """Show what the planner answered."""
        self.planning = None
        self.recorded = recorded
        plan = recorded.planning.plan
        self.actions = plan.actions if plan else ()
        self.revision += 1

    def change(self, number: int, params: Mapping[str, Any]) -> None:
        """Replace the parameters of an action."""
        changed = self.actions[number].model_copy(update={"params": dict(params)})
        self.actions = (*self.actions[:number], changed, *self.actions[number + 1 :])

    def remove(self, number: int) -> None:
        """Leave an action out."""
        self.actions = (*self.actions[:number], *self.actions[number + 1 :])
        self.revision += 1

    def _forget(self) -> None:
        self.planning = None
        self.recorded = None
        self.actions = ()
        self.job_ids = ()


def current() -> OrchestratorSession:
    """Return this tab's session, new at the first call."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = OrchestratorSession()
    return st.session_state[_KEY]  # type: ignore[no-any-return]


def readable(value: Any) -> str:
    """Return a parameter as text that a person edits."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
