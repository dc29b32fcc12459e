"""The permission gate against an oracle that applies the rules one by one."""

from __future__ import annotations

import time
from fnmatch import fnmatchcase
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prefect_luthier.policy import ENGINE_ERROR, NO_RULE, Answer, Policy, PolicyRequest
from prefect_luthier.policy_rules import PolicyFile, Rule, policy_of

ACTIONS = ("gmail.send", "outlook.send", "smtp.send")
PEOPLE = ("ann", "bob", 'o"neil\\', "Анна", "a b")
PLACES = ("ops", "lab")
TENANTS = ("default", "acme")
ADDRESSES = ("ann@example.com", "bob@example.com", "eve@evil.com", "x@example.com.evil.com")
PATTERNS = ("*@example.com", "ann@*", "*", "eve@evil.com")

some = st.none() | st.lists(st.sampled_from(PLACES), min_size=1, max_size=2).map(tuple)
rules = st.lists(
    st.builds(
        Rule,
        id=st.uuids().map(str),
        effect=st.sampled_from(("allow", "deny")),
        actions=st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=2).map(tuple),
        tenants=st.none() | st.sampled_from(TENANTS).map(lambda name: (name,)),
        workspaces=some,
        actors=st.none() | st.lists(st.sampled_from(PEOPLE), min_size=1, max_size=3).map(tuple),
        recipients=st.none()
        | st.lists(st.sampled_from(PATTERNS), min_size=1, max_size=2).map(tuple),
    ),
    max_size=5,
).map(tuple)
gates = st.sampled_from(("on", "off", "0%", "30 %", "100%")) | st.lists(
    st.sampled_from(("actor:ann", 'actor:o"neil\\', "workspace:ops", "tenant:acme")), max_size=2
).map(tuple)
WHO = tuple(product((*ACTIONS, "unlisted.do"), PEOPLE, PLACES, TENANTS))


def matches(rule: Rule, request: PolicyRequest, recipient: str) -> bool:
    """Apply one rule as its documentation says."""
    return (
        request.action in rule.actions
        and (rule.tenants is None or request.tenant in rule.tenants)
        and (rule.workspaces is None or request.workspace in rule.workspaces)
        and (rule.actors is None or request.actor in rule.actors)
        and (rule.recipients is None or any(fnmatchcase(recipient, p) for p in rule.recipients))
    )


def open_gate(gate: str | tuple[str, ...] | None, request: PolicyRequest) -> bool:
    """Apply a rollout gate."""
    if gate is None or gate == "on":
        return True
    if isinstance(gate, tuple):
        mine = (
            f"actor:{request.actor}",
            f"workspace:{request.workspace}",
            f"tenant:{request.tenant}",
        )
        return any(each in mine for each in gate)
    return gate != "off" and request.bucket < float(gate.rstrip("% ")) * 100


def oracle(
    allowed: tuple[str, ...],
    rules: tuple[Rule, ...],
    rollout: dict[str, str | tuple[str, ...]],
    request: PolicyRequest,
) -> bool:
    """Decide by brute force: every recipient needs an allowing rule and no denying one."""
    if not open_gate(rollout.get(request.action), request):
        return False
    for recipient in request.recipients or ("",):
        hits = [rule.effect for rule in rules if matches(rule, request, recipient)]
        if "deny" in hits or not (request.action in allowed or "allow" in hits):
            return False
    return True


@settings(max_examples=130, deadline=None)
@given(
    allowed=st.lists(st.sampled_from(ACTIONS), max_size=2).map(tuple),
    rules=rules,
    rollout=st.dictionaries(st.sampled_from(ACTIONS), gates, max_size=2),
    recipients=st.lists(st.sampled_from(ADDRESSES), max_size=3).map(tuple),
)
def test_the_gate_decides_as_the_rules_say(allowed, rules, rollout, recipients) -> None:
    """Any policy gives every request the answer that applying its rules by hand gives."""
    policy = policy_of(allowed, PolicyFile(rule=rules, rollout=rollout))
    for action, actor, workspace, tenant in WHO:
        request = PolicyRequest(action, actor, workspace, tenant, recipients)
        decision = policy.decide(request)
        assert decision.allowed == oracle(allowed, rules, rollout, request), request
        assert decision.rule
        assert decision.reason


def test_nothing_is_allowed_by_default() -> None:
    """Without a rule every action is denied, and the reason says so."""
    decision = policy_of((), PolicyFile()).decide(PolicyRequest("gmail.send", "ann"))
    assert (decision.allowed, decision.rule) == (False, NO_RULE)
    assert "no rule allows gmail.send for 'ann'" in decision.reason


def raising(_cedar: str, _requests: object) -> list[Answer]:
    """Stand for an engine that is broken."""
    raise RuntimeError("out of order")


def hanging(_cedar: str, requests: list[object]) -> list[Answer]:
    """Stand for an engine that takes too long, and would allow."""
    time.sleep(0.3)
    return [Answer(True, ("late",)) for _ in requests]


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        pytest.param(Policy("", engine=raising), "RuntimeError: out of order", id="raises"),
        pytest.param(Policy("", engine=hanging, timeout_s=0.02), "no answer within", id="hangs"),
        pytest.param(Policy("permit("), "failed", id="unreadable-policies"),
        pytest.param(
            Policy("", engine=lambda *_: [Answer(True, ("a",), ("odd",))]), "odd", id="reports"
        ),
        pytest.param(Policy("", engine=lambda *_: []), "too few answers", id="no-answer"),
        pytest.param(
            Policy(
                '@id("ok") permit(principal, action, resource);'
                '@id("bad") forbid(principal, action, resource) when { context.missing == 1 };'
            ),
            "failed",
            id="a-forbid-that-cannot-be-evaluated",
        ),
        pytest.param(Policy("", broken="the file is gone."), "the file is gone", id="no-policy"),
    ],
)
def test_an_engine_error_is_a_denial(policy: Policy, reason: str) -> None:
    """Whatever is wrong with the check, the answer is no, with what was wrong."""
    decision = policy.decide(PolicyRequest("gmail.send", "ann"))
    assert (decision.allowed, decision.rule) == (False, ENGINE_ERROR)
    assert reason in decision.reason


def test_an_allowing_answer_without_a_rule_is_a_denial() -> None:
    """An engine that allows must name the rule that does."""
    policy = Policy("", engine=lambda *_: [Answer(True)])
    assert not policy.decide(PolicyRequest("gmail.send", "ann")).allowed


def test_a_percentage_lets_the_same_people_through_each_time() -> None:
    """A rollout of 30 % opens for about 30 % of the actors, and keeps whom it let through."""
    actors = [f"user{number}@example.com" for number in range(1000)]

    def let_through(gate: str) -> set[str]:
        policy = policy_of(("gmail.send",), PolicyFile(rollout={"gmail.send": gate}))
        return {a for a in actors if policy.decide(PolicyRequest("gmail.send", a)).allowed}

    few, many = let_through("30%"), let_through("60%")
    assert 250 < len(few) < 350
    assert few < many
    assert few == let_through("30 %")


def test_policies_in_cedar_apply_too() -> None:
    """A Cedar text is taken as it is, and its forbid overrides the default."""
    text = '@id("quiet") forbid(principal == Actor::"bob", action, resource);'
    policy = policy_of(("gmail.send",), PolicyFile(cedar=text))
    assert policy.decide(PolicyRequest("gmail.send", "ann")).rule == "default:gmail.send"
    assert policy.decide(PolicyRequest("gmail.send", "bob")).rule == "quiet"


def test_every_recipient_must_be_allowed() -> None:
    """One address outside the rule denies the whole message, and is named."""
    rule = Rule(id="r", effect="allow", actions=("gmail.send",), recipients=("*@example.com",))
    policy = policy_of((), PolicyFile(rule=(rule,)))
    asked = PolicyRequest("gmail.send", "ann", recipients=("a@example.com", "eve@evil.com"))
    assert "to eve@evil.com" in policy.decide(asked).reason
