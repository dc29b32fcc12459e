"""The tables of rosette work: searches, attachments, designs and the record of every decision.

Attempts, attachments, artifacts, transitions and programs are never changed or removed, and a
design moves only together with its transition; triggers made in the migrations see to it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKeyConstraint, Index, text
from sqlmodel import Field, SQLModel

from prefect_luthier.blocks.columns import DEFAULT_TENANT, json_column, time_column
from prefect_luthier.rmos.approval.lifecycle import STATES

SEARCH_STATUSES = (
    "running",
    "success",
    "best_effort",
    "exhausted",
    "timeout",
    "failed",
    "cancelled",
)


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class SearchRow(SQLModel, table=True):
    """One search for a design: everything it started from, and how it ended."""

    __tablename__ = "rosette_search"
    __table_args__ = (
        CheckConstraint(_one_of("status", SEARCH_STATUSES), name="ck_rosette_search_status"),
    )

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant: str = DEFAULT_TENANT
    actor: str
    correlation_id: UUID = Field(default_factory=uuid4, index=True)
    flow_run_id: UUID | None = Field(default=None, index=True)
    context: dict[str, Any] = json_column()
    context_digest: str = Field(index=True)
    generator: str
    seed: int = Field(sa_column=Column(BigInteger, nullable=False))
    budget: dict[str, Any] = json_column()
    engine: str
    status: str = "running"
    best_digest: str | None = None
    best_score: float | None = None
    attempts_made: int = 0
    evaluations: int = 0
    time_s: float = 0.0
    binding_constraints: list[Any] = json_column()
    created_at: datetime = time_column(index=True)
    ended_at: datetime | None = time_column(nullable=True)


class AttemptRow(SQLModel, table=True):
    """One design that a search proposed, with its verdict."""

    __tablename__ = "rosette_attempt"

    search_id: UUID = Field(foreign_key="rosette_search.id", primary_key=True, ondelete="RESTRICT")
    number: int = Field(primary_key=True, description="Counted from 1 within the search.")
    spec: dict[str, Any] = json_column()
    spec_digest: str = Field(index=True)
    score: float
    risk: str
    violations: list[Any] = json_column()
    generator: str
    time_s: float
    created_at: datetime = time_column()


class AttachmentRow(SQLModel, table=True):
    """A file that was attached: its SHA-256 is its id, its content is a blob of that name."""

    __tablename__ = "rosette_attachment"

    sha256: str = Field(primary_key=True)
    tenant: str = Field(default=DEFAULT_TENANT, primary_key=True)
    actor: str
    correlation_id: UUID = Field(default_factory=uuid4)
    name: str = Field(description="Name that it was first attached under.")
    kind: str = Field(description="What the content is, read from the content.")
    media_type: str
    size_bytes: int = Field(sa_column=Column(BigInteger, nullable=False))
    created_at: datetime = time_column(index=True)


class RunArtifactRow(SQLModel, table=True):
    """The record of one decision. Its digest covers the document, which holds content only."""

    __tablename__ = "rosette_run_artifact"
    __table_args__ = (Index("ix_rosette_run_artifact_digest", "digest"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant: str = DEFAULT_TENANT
    actor: str
    correlation_id: UUID = Field(default_factory=uuid4)
    flow_run_id: UUID | None = Field(default=None, index=True)
    kind: str = Field(description="The event that it records, e.g. `feasibility_done`.")
    decision: str | None = Field(default=None, description="ALLOW or BLOCK, where one was made.")
    document: dict[str, Any] = json_column()
    digest: str
    engine: str
    created_at: datetime = time_column(index=True)


class DesignRow(SQLModel, table=True):
    """Where a design stands now. Its history is in its transitions."""

    __tablename__ = "rosette_design"
    __table_args__ = (CheckConstraint(_one_of("state", STATES), name="ck_rosette_design_state"),)

    id: UUID = Field(default_factory=uuid4, primary_key=True)
    tenant: str = DEFAULT_TENANT
    name: str = ""
    actor: str = Field(description="Who submitted its present revision.")
    correlation_id: UUID = Field(default_factory=uuid4, index=True)
    search_id: UUID | None = Field(default=None, foreign_key="rosette_search.id", index=True)
    flow_run_id: UUID | None = Field(
        default=None, unique=True, description="The run that made it; a retry finds it again."
    )
    state: str = Field(default="draft", index=True)
    version: int = Field(default=0, description="Number of its newest transition.")
    revision: int = Field(default=0, description="Counts the designs that it stood for.")
    spec: dict[str, Any] | None = json_column(nullable=True)
    context: dict[str, Any] | None = json_column(nullable=True)
    spec_digest: str | None = Field(default=None, index=True)
    context_digest: str | None = None
    decision: str | None = None
    risk: str | None = None
    score: float | None = None
    verdict_digest: str | None = None
    created_at: datetime = time_column(index=True)
    updated_at: datetime = time_column()


class TransitionRow(SQLModel, table=True):
    """One step of a design from state to state, with the artifact that records it."""

    __tablename__ = "rosette_transition"

    design_id: UUID = Field(foreign_key="rosette_design.id", primary_key=True, ondelete="RESTRICT")
    number: int = Field(primary_key=True, description="Counted from 1 within the design.")
    event: str
    source: str
    target: str
    actor: str
    note: str = ""
    artifact_id: UUID = Field(foreign_key="rosette_run_artifact.id", unique=True)
    flow_run_id: UUID | None = Field(default=None, index=True)
    created_at: datetime = time_column(index=True)


class ProgramRow(SQLModel, table=True):
    """A file that was made for an approved design: a program, a drawing, a list, a report."""

    __tablename__ = "rosette_program"
    __table_args__ = (
        ForeignKeyConstraint(
            ["design_id", "transition"],
            ["rosette_transition.design_id", "rosette_transition.number"],
            name="fk_rosette_program_transition",
            ondelete="RESTRICT",
        ),
        CheckConstraint(text("path <> ''"), name="ck_rosette_program_path"),
    )

    design_id: UUID = Field(primary_key=True)
    transition: int = Field(primary_key=True, description="The transition that released it.")
    path: str = Field(primary_key=True)
    kind: str
    sha256: str = Field(index=True)
    media_type: str
    size_bytes: int = Field(sa_column=Column(BigInteger, nullable=False))
    created_at: datetime = time_column()
