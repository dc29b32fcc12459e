"""The tables of orchestrated actions: plans, jobs, decisions, effects and token reservations.

Plans, decisions and the history of effects are append-only; triggers made in the migration see to
it, and to it that what an effect is about never changes and that a settled one is never removed.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, Column, Identity, Index, UniqueConstraint
from sqlmodel import Field, SQLModel

from prefect_luthier.blocks.columns import DEFAULT_TENANT, json_column, time_column

JOB_STATUSES = ("pending", "running", "completed", "error", "cancelled")
EFFECT_STATES = ("claimed", "sending", "sent", "failed", "unknown")
DECISION_STAGES = ("plan", "enqueue", "effect")
PLAN_OUTCOMES = ("planned", "question", "refused", "error")
RESERVATION_STATES = ("reserved", "settled", "released", "expired")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class ActionPlanRow(SQLModel, table=True):
    """One answer of the planner: what was asked, and what came of it."""

    __tablename__ = "action_plan"
    __table_args__ = (CheckConstraint(_one_of("outcome", PLAN_OUTCOMES), name="ck_plan_outcome"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant: str = DEFAULT_TENANT
    workspace: str = "default"
    actor: str
    correlation_id: UUID = Field(default_factory=uuid4, index=True)
    prompt_digest: str = Field(index=True)
    prompt: str
    outcome: str
    document: dict[str, Any] = json_column()
    meta: dict[str, Any] = json_column()
    created_at: datetime = time_column(index=True)


class ActionJobRow(SQLModel, table=True):
    """One action that was accepted: it is stored before its id is returned."""

    __tablename__ = "action_job"
    __table_args__ = (
        CheckConstraint(_one_of("status", JOB_STATUSES), name="ck_action_job_status"),
        Index("ix_action_job_request", "tenant", "client_request_id"),
        Index("ix_action_job_status", "status", "created_at"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant: str = DEFAULT_TENANT
    workspace: str = "default"
    actor: str
    correlation_id: UUID = Field(default_factory=uuid4, index=True)
    provider: str
    action: str
    params: dict[str, Any] = json_column()
    client_request_id: str
    body_hash: str
    plan_id: UUID | None = Field(default=None, foreign_key="action_plan.id", index=True)
    status: str = "pending"
    result: dict[str, Any] | None = json_column(nullable=True)
    error: dict[str, Any] | None = json_column(nullable=True)
    attempts: int = 0
    flow_run_id: UUID | None = Field(default=None, index=True)
    created_at: datetime = time_column(index=True)
    started_at: datetime | None = time_column(nullable=True)
    ended_at: datetime | None = time_column(nullable=True)


class EffectRow(SQLModel, table=True):
    """One effect on the world: at most one row, and one effect, for a client's request."""

    __tablename__ = "effect"
    __table_args__ = (
        UniqueConstraint("tenant", "client_request_id", name="uq_effect_request"),
        CheckConstraint(_one_of("state", EFFECT_STATES), name="ck_effect_state"),
        Index("ix_effect_state", "state", "updated_at"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant: str = DEFAULT_TENANT
    client_request_id: str
    body_hash: str
    action: str
    state: str = "claimed"
    marker: str = Field(description="The Message-ID by which the provider can find it.")
    provider_reference: dict[str, Any] = json_column()
    outcome: dict[str, Any] | None = json_column(nullable=True)
    claimed_by: str
    lease_until: datetime = time_column()
    attempts: int = 1
    created_at: datetime = time_column()
    updated_at: datetime = time_column()
    settled_at: datetime | None = time_column(nullable=True)


class EffectEventRow(SQLModel, table=True):
    """One thing that happened to an effect. Append-only."""

    __tablename__ = "effect_event"
    __table_args__ = (Index("ix_effect_event_effect", "effect_id", "id"),)

    id: int | None = Field(
        default=None, sa_column=Column(BigInteger, Identity(always=True), primary_key=True)
    )
    effect_id: UUID = Field(foreign_key="effect.id")
    event: str
    actor: str
    detail: dict[str, Any] = json_column()
    created_at: datetime = time_column()


class PolicyDecisionRow(SQLModel, table=True):
    """One answer of the permission gate, with the rule that decided. Append-only."""

    __tablename__ = "policy_decision"
    __table_args__ = (
        CheckConstraint(_one_of("stage", DECISION_STAGES), name="ck_policy_decision_stage"),
        Index("ix_policy_decision_request", "tenant", "client_request_id"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant: str = DEFAULT_TENANT
    workspace: str
    actor: str
    action: str
    stage: str
    allowed: bool
    rule: str
    reason: str
    policy_digest: str
    client_request_id: str | None = None
    correlation_id: UUID = Field(default_factory=uuid4, index=True)
    created_at: datetime = time_column(index=True)


class TokenReservationRow(SQLModel, table=True):
    """Tokens that one call of a model may spend, and what it spent."""

    __tablename__ = "token_reservation"
    __table_args__ = (
        CheckConstraint(_one_of("state", RESERVATION_STATES), name="ck_token_reservation_state"),
        Index("ix_token_reservation_settled", "settled_at"),
        Index("ix_token_reservation_lease", "state", "lease_until"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant: str = DEFAULT_TENANT
    model: str
    caller: str = Field(description="Host, process and start of the process that calls.")
    reserved: int
    settled: int | None = Field(default=None, description="Input and output together.")
    settled_output: int | None = None
    state: str = "reserved"
    lease_until: datetime = time_column()
    created_at: datetime = time_column(index=True)
    settled_at: datetime | None = time_column(nullable=True)
