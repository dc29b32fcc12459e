"""The tables of the platform.

Invariants that a row alone cannot keep are triggers, made in the migrations: definitions and
audit events are append-only.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, Column, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field, SQLModel

from prefect_luthier.blocks.columns import DEFAULT_TENANT, json_column, time_column


class StoredDefinition(SQLModel, table=True):
    """One version of a workflow definition, exactly as it was written."""

    __tablename__ = "definition"
    __table_args__ = (
        UniqueConstraint("workflow_id", "digest", "text_digest", name="uq_definition_content"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant: str = DEFAULT_TENANT
    workflow_id: str = Field(index=True)
    version: str
    digest: str = Field(index=True)
    text_digest: str
    text: str
    document: dict[str, Any] = json_column()
    provenance: dict[str, Any] = json_column()
    actor: str
    created_at: datetime = time_column()


class Registration(SQLModel, table=True):
    """What Luthier last wrote to Prefect for a workflow: the base of the next merge."""

    __tablename__ = "registration"

    workflow_id: str = Field(primary_key=True)
    tenant: str = DEFAULT_TENANT
    deployment_id: UUID
    definition_id: UUID = Field(foreign_key="definition.id")
    sent: dict[str, Any] = json_column()
    actor: str
    updated_at: datetime = time_column()


class RunRecord(SQLModel, table=True):
    """One run: its frozen plan, and how it ended. The key is the Prefect flow run's id."""

    __tablename__ = "run"
    __table_args__ = (
        CheckConstraint(
            "state IN ('running', 'completed', 'failed', 'cancelled', 'crashed')",
            name="ck_run_state",
        ),
    )

    run_id: UUID = Field(primary_key=True)
    tenant: str = DEFAULT_TENANT
    workflow_id: str = Field(index=True)
    version: str
    definition_digest: str
    plan_digest: str
    plan: dict[str, Any] = json_column()
    actor: str
    state: str = "running"
    message: str = ""
    artifacts: list[dict[str, Any]] = Field(
        default_factory=list,
        sa_column=Column(JSONB, nullable=False, server_default=text("'[]'::jsonb")),
    )
    parent_run: UUID | None = Field(default=None, index=True)
    parent_step: str | None = Field(default=None, description="The step that started it.")
    created_at: datetime = time_column(index=True)
    ended_at: datetime | None = time_column(nullable=True)


class StepRow(SQLModel, table=True):
    """How one step (or one item of a foreach step) of a run ended."""

    __tablename__ = "step_result"
    __table_args__ = (
        CheckConstraint(
            "state IN ('completed', 'failed', 'skipped', 'cancelled')", name="ck_step_result_state"
        ),
    )

    run_id: UUID = Field(foreign_key="run.run_id", primary_key=True, ondelete="CASCADE")
    step: str = Field(primary_key=True)
    item: int = Field(default=-1, primary_key=True, description="Index in a foreach, else -1.")
    state: str
    reason: str = ""
    outputs: dict[str, Any] = json_column()
    exit_code: int | None = None
    attempt: int = 1
    started_at: datetime | None = time_column(nullable=True)
    ended_at: datetime | None = time_column(nullable=True)
    stdout_sha256: str | None = None
    stderr_sha256: str | None = None
    artifacts: list[dict[str, Any]] = json_column()


class DraftRow(SQLModel, table=True):
    """One answer of a drafter, with everything it was made from."""

    __tablename__ = "draft"
    __table_args__ = (Index("ix_draft_created_at", "created_at"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant: str = DEFAULT_TENANT
    correlation_id: UUID = Field(default_factory=uuid4, index=True)
    actor: str
    request: str
    base_digest: str | None = None
    provider: str
    model: str | None = None
    snapshot: str
    ok: bool
    refusal: str | None = None
    document: dict[str, Any] = json_column()
    created_at: datetime = time_column()


class DraftRoundRow(SQLModel, table=True):
    """One exchange with a model while drafting."""

    __tablename__ = "draft_round"

    draft_id: UUID = Field(foreign_key="draft.id", primary_key=True, ondelete="CASCADE")
    number: int = Field(primary_key=True)
    document: dict[str, Any] = json_column()
    created_at: datetime = time_column()


class CatalogRow(SQLModel, table=True):
    """A catalog entry that was seeded or added."""

    __tablename__ = "catalog_entry"

    slug: str = Field(primary_key=True)
    version: str = Field(primary_key=True)
    origin: str = Field(index=True)
    document: dict[str, Any] = json_column()
    updated_at: datetime = time_column()


class AuditRow(SQLModel, table=True):
    """Who did what to which thing. Append-only."""

    __tablename__ = "audit_event"
    __table_args__ = (Index("ix_audit_event_subject", "subject", text("created_at DESC")),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant: str = DEFAULT_TENANT
    correlation_id: UUID = Field(default_factory=uuid4)
    actor: str
    action: str
    subject: str
    detail: dict[str, Any] = json_column()
    created_at: datetime = time_column()
