"""Whatever people and runs do to a design, the database keeps the rules and the history."""

from __future__ import annotations

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from sqlmodel import Session

from prefect_luthier.lifecycle import IllegalTransition
from prefect_luthier.rmos.approval.lifecycle import LIFECYCLE
from prefect_luthier.rmos.approval.rules import DECISIONS, NotAllowed
from prefect_luthier.rmos.store.artifacts import is_intact
from prefect_luthier.rmos.store.designs import (
    Author,
    Move,
    decide,
    find_design,
    history,
    move,
    new_design,
)

WORK = [event for event in LIFECYCLE.events if event not in DECISIONS]
FAST_WAY = ["provide_context", "request_feasibility", "feasibility_done"]


class StoredDesign(RuleBasedStateMachine):
    """One design in the store, beside a model of it: its state, and the events it took."""

    session: Session

    def __init__(self) -> None:
        super().__init__()
        self.design = new_design(self.session, Author("anna"))
        self.session.commit()
        self.state = LIFECYCLE.initial
        self.events: list[str] = []

    def took(self, event: str) -> None:
        """Note that the store took an event."""
        self.session.commit()
        self.state = LIFECYCLE.target(self.state, event)
        self.events.append(event)

    @rule(event=st.sampled_from(WORK + FAST_WAY * 2))
    def work(self, event: str) -> None:
        """Let the work go on, or be refused."""
        try:
            move(self.session, self.design.id, Author("run"), Move(event))
        except IllegalTransition:
            self.session.rollback()
            return
        self.took(event)

    @rule(risk=st.sampled_from(["GREEN", "YELLOW", "RED", None]), score=st.floats(0, 100))
    def judge(self, risk: str | None, score: float) -> None:
        """Note a verdict beside the design."""
        self.design.risk, self.design.score = risk, score
        self.session.add(self.design)
        self.session.commit()

    @rule(
        decision=st.sampled_from(DECISIONS),
        actor=st.sampled_from(["anna", "bert"]),
        note=st.sampled_from(["", "the customer accepts it"]),
    )
    def decide(self, decision: str, actor: str, note: str) -> None:
        """Decide, or be refused."""
        risk, score = self.design.risk, self.design.score
        try:
            decide(self.session, self.design.id, Author(actor), decision, note=note)  # type: ignore[arg-type]
        except (IllegalTransition, NotAllowed):
            self.session.rollback()
            return
        if decision == "approve":
            assert risk == "GREEN" or (risk == "YELLOW" and score is not None and score >= 70)
        if decision == "override":
            assert note
            assert risk in {"GREEN", "YELLOW"} or actor == "bert"
        self.took(decision)

    @invariant()
    def is_as_the_model_says(self) -> None:
        """State, version and history agree, and no record was changed."""
        row = find_design(self.session, self.design.id)
        steps = history(self.session, row.id)
        assert (row.state, row.version) == (self.state, len(self.events))
        assert [step.event for step, _ in steps] == self.events
        assert all(is_intact(artifact) for _, artifact in steps)


def test_any_order_of_events_keeps_the_history(session: Session) -> None:
    """Random events by random people are taken or refused as the table and the rules say."""
    machine = type("Machine", (StoredDesign,), {"session": session})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=12,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
