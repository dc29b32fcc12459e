"""The lifecycle of a design is data: its edges, and the rules beside them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from prefect_luthier.lifecycle import Edge, IllegalTransition, Lifecycle
from prefect_luthier.rmos.approval.lifecycle import LIFECYCLE, STATES
from prefect_luthier.rmos.approval.rules import (
    DECISIONS,
    NotAllowed,
    Standing,
    check_decision,
    possible_decisions,
)

REASON = "the customer accepts it"


def standing(state: str = "feasibility_ready", **changes: object) -> Standing:
    """Return a GREEN design that `anna` submitted."""
    known = {"state": state, "risk": "GREEN", "score": 90.0, "submitted_by": "anna"}
    return Standing(**(known | changes))  # type: ignore[arg-type]


def test_every_state_can_be_reached() -> None:
    """No state is an island."""
    reached = {LIFECYCLE.initial}
    while True:
        found = {e.target for e in LIFECYCLE.edges if reached & set(e.sources)}
        if found <= reached:
            break
        reached |= found
    assert reached == set(STATES)


def test_every_request_can_fail_and_every_failure_can_be_left() -> None:
    """No design stays where a lost run left it."""
    requests = [state for state in STATES if state.endswith("_requested")]
    assert len(requests) == 2
    for state in requests:
        failed = state.replace("_requested", "_failed")
        assert failed in {LIFECYCLE.target(state, e) for e in LIFECYCLE.events_from(state)}
        assert LIFECYCLE.events_from(failed)


def test_only_the_archive_is_final() -> None:
    """From everywhere else there is a way on."""
    assert [state for state in STATES if not LIFECYCLE.events_from(state)] == ["archived"]


def test_the_documented_edges_are_these() -> None:
    """The reference lists every edge, and none that does not exist."""
    page = Path(__file__).parents[3] / "docs/reference/rosette-records.md"
    rows = [
        f"| `{edge.event}` | {', '.join(f'`{source}`' for source in edge.sources)} "
        f"| `{edge.target}` |"
        for edge in LIFECYCLE.edges
    ]
    text = page.read_text()
    table = text.partition("| event | from | to |\n|---|---|---|\n")[2].partition("\n\n")[0]
    assert table.splitlines() == rows


def test_an_event_without_an_edge_is_refused() -> None:
    """The refusal names what is possible instead."""
    with pytest.raises(IllegalTransition, match="'draft' cannot take the event 'approve'") as no:
        LIFECYCLE.target("draft", "approve")
    assert "provide_context" in no.value.advice


def test_an_ambiguous_table_is_no_lifecycle() -> None:
    """One event leads from one state to one state."""
    edges = (Edge("go", ("a",), "b"), Edge("go", ("a", "c"), "d"))
    with pytest.raises(ValueError, match="two states"):
        Lifecycle("thing", "a", edges)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"risk": "RED", "score": 99.0}, "red-needs-override"),
        ({"risk": "UNKNOWN"}, "red-needs-override"),
        ({"risk": None}, "red-needs-override"),
        ({"risk": "YELLOW", "score": 69.99}, "score-too-low"),
        ({"risk": "YELLOW", "score": None}, "score-too-low"),
        ({"risk": "YELLOW", "score": float("nan")}, "score-too-low"),
        ({"risk": "YELLOW", "score": 70.0}, None),
        ({"risk": "GREEN", "score": 12.0}, None),
    ],
    ids=["red", "unknown", "none", "low", "no-score", "nan", "enough", "green"],
)
def test_an_approval_needs_the_figures(changes: dict[str, object], code: str | None) -> None:
    """RED and UNKNOWN are never approved; YELLOW needs a score of 70."""
    if code is None:
        assert check_decision("approve", standing(**changes), actor="b", note="") == "approved"
        return
    with pytest.raises(NotAllowed) as refusal:
        check_decision("approve", standing(**changes), actor="b", note=REASON)
    assert refusal.value.code == code


@pytest.mark.parametrize(
    ("changes", "actor", "note", "code"),
    [
        ({}, "anna", "too short", "reason-too-short"),
        ({}, "anna", "a" + " " * 20 + "b", "reason-too-short"),
        ({"risk": "RED"}, "anna", REASON, "needs-second-person"),
        ({"risk": "UNKNOWN"}, " Anna ", REASON, "needs-second-person"),
        ({"state": "rejected", "last_event": "reject"}, "b", REASON, "rejected-by-a-person"),
        ({"state": "rejected", "last_event": "revoke"}, "b", REASON, "rejected-by-a-person"),
        ({"risk": "YELLOW", "score": 1.0}, "anna", REASON, None),
        ({"risk": "RED", "state": "rejected", "last_event": "auto_reject"}, "b", REASON, None),
    ],
    ids=["short", "blanks", "red", "unknown", "rejected", "revoked", "yellow", "second-person"],
)
def test_an_override_needs_a_reason_and_perhaps_a_second_person(
    changes: dict[str, object], actor: str, note: str, code: str | None
) -> None:
    """Ten characters of reason; RED also needs somebody who did not submit it."""
    if code is None:
        found = check_decision("override", standing(**changes), actor=actor, note=note)
        assert found == "approved"
        return
    with pytest.raises(NotAllowed) as refusal:
        check_decision("override", standing(**changes), actor=actor, note=note)
    assert refusal.value.code == code


class Designs(RuleBasedStateMachine):
    """Drive one design through any events, as people and runs might."""

    def __init__(self) -> None:
        super().__init__()
        self.state, self.last, self.risk, self.score = LIFECYCLE.initial, "", "GREEN", 0.0

    @rule(event=st.sampled_from([e for e in LIFECYCLE.events if e not in DECISIONS]))
    def work(self, event: str) -> None:
        """Take an event of the work, or be refused and stay."""
        try:
            self.state, self.last = LIFECYCLE.target(self.state, event), event
        except IllegalTransition:
            assert event not in LIFECYCLE.events_from(self.state)

    @precondition(lambda self: self.state == "feasibility_requested")
    @rule(risk=st.sampled_from(["GREEN", "YELLOW", "RED", "UNKNOWN"]), score=st.floats(0, 100))
    def judge(self, risk: str, score: float) -> None:
        """Give the verdict, which rejects a RED design at once."""
        self.risk, self.score = risk, score
        self.state, self.last = LIFECYCLE.target(self.state, "feasibility_done"), "feasibility_done"
        if risk not in {"GREEN", "YELLOW"}:
            self.state, self.last = LIFECYCLE.target(self.state, "auto_reject"), "auto_reject"

    @rule(
        decision=st.sampled_from(DECISIONS),
        actor=st.sampled_from(["anna", "bert"]),
        note=st.sampled_from(["", "no reason", REASON]),
    )
    def decide(self, decision: str, actor: str, note: str) -> None:
        """Decide, or be refused with a typed error."""
        before = Standing(self.state, self.risk, self.score, "anna", self.last)
        try:
            target = check_decision(decision, before, actor=actor, note=note)  # type: ignore[arg-type]
        except (IllegalTransition, NotAllowed):
            return
        if target == "approved":
            passes = self.risk == "GREEN" or (self.risk == "YELLOW" and self.score >= 70)
            assert passes or (decision == "override" and note == REASON)
            assert self.risk in {"GREEN", "YELLOW"} or actor == "bert"
        self.state, self.last = target, decision

    @invariant()
    def stands_somewhere(self) -> None:
        """The state is always one of the table's."""
        assert self.state in STATES


Designs.TestCase.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
test_any_order_of_events_keeps_the_rules = Designs.TestCase


@pytest.mark.parametrize(
    ("changes", "approvable"),
    [
        ({}, True),
        ({"risk": "YELLOW", "score": 70.0}, True),
        ({"risk": "YELLOW", "score": 69.9}, False),
        ({"risk": "RED", "score": 90.0}, False),
        ({"risk": None, "score": None}, False),
    ],
    ids=["green", "yellow", "low-yellow", "red", "unjudged"],
)
def test_what_is_offered_can_be_made(changes: dict[str, object], approvable: bool) -> None:
    """An approval that a rule forbids is not offered; an override is, to a second person."""
    offered = possible_decisions(standing(**changes))  # type: ignore[arg-type]
    assert ("approve" in offered) == approvable
    assert {"reject", "override", "request_revision"} <= set(offered)
    for decision in offered:
        check_decision(decision, standing(**changes), actor="bert", note=REASON)  # type: ignore[arg-type]
