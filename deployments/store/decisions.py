"""The record of the permission gate: every answer, with the rule that decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert
from sqlmodel import Session, col, select

from prefect_luthier.blocks.columns import now
from prefect_luthier.canonical import storable_text
from prefect_luthier.deployments.store.orchestrator_tables import PolicyDecisionRow
from prefect_luthier.policy import Decision, Policy, PolicyRequest, Stage


@dataclass(frozen=True)
class Question:
    """A question to the gate, and what it is asked for.

    Args:
        request: The question itself.
        stage: Where it is asked: at planning, when work is accepted, or just before the effect.
        correlation_id: What it belongs to.
        client_request_id: The action's own key, if it has one yet.
    """

    request: PolicyRequest
    stage: Stage
    correlation_id: UUID
    client_request_id: str | None = None


def decide(session: Session, policy: Policy, question: Question) -> Decision:
    """Ask the gate and store its answer; an answer that is not stored permits nothing.

    Commits, so that a denial stays even if what was to be done is given up.
    """
    decision = policy.decide(question.request)
    record_decisions(session, policy.digest, [(question, decision)])
    session.commit()
    return decision


def record_decisions(
    session: Session, policy_digest: str, decided: Sequence[tuple[Question, Decision]]
) -> None:
    """Append answers of the gate; the caller commits."""
    rows = [
        PolicyDecisionRow(
            tenant=storable_text(question.request.tenant),
            workspace=storable_text(question.request.workspace),
            actor=storable_text(question.request.actor),
            action=storable_text(question.request.action),
            stage=question.stage,
            allowed=decision.allowed,
            rule=storable_text(decision.rule),
            reason=storable_text(decision.reason),
            policy_digest=policy_digest,
            client_request_id=question.client_request_id,
            correlation_id=question.correlation_id,
            created_at=now(),
        ).model_dump()
        for question, decision in decided
    ]
    if rows:
        session.execute(insert(PolicyDecisionRow), rows)


def decisions_of(session: Session, correlation_id: UUID) -> list[PolicyDecisionRow]:
    """Return the answers that belong together, oldest first."""
    query = select(PolicyDecisionRow).where(PolicyDecisionRow.correlation_id == correlation_id)
    return list(session.exec(query.order_by(col(PolicyDecisionRow.created_at))))
