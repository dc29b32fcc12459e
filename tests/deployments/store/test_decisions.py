"""The record of the permission gate."""

from __future__ import annotations

from uuid import uuid4

from sqlmodel import Session

from prefect_luthier.deployments.store.decisions import Question, decide, decisions_of
from prefect_luthier.policy import Policy, PolicyRequest


def test_a_denial_is_kept_with_its_rule(session: Session) -> None:
    """A denial by a broken engine is stored, with rule, reason and the policy's digest."""

    def broken(*_: object) -> list[object]:
        raise RuntimeError("out of order")

    policy = Policy("", engine=broken)
    question = Question(PolicyRequest("gmail.send", "ann\0"), "effect", uuid4(), "key-1")
    assert not decide(session, policy, question).allowed
    session.rollback()
    (row,) = decisions_of(session, question.correlation_id)
    assert (row.allowed, row.rule, row.stage) == (False, "engine-error", "effect")
    assert "out of order" in row.reason
    assert row.policy_digest == policy.digest
    assert row.client_request_id == "key-1"
