"""Orchestrated actions: plans, jobs, decisions, effects and token reservations."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

APPEND_ONLY = ("action_plan", "effect_event", "policy_decision")

EFFECT_KEPT = """
CREATE FUNCTION luthier_effect_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'UPDATE' OR OLD.state = 'sent'
        OR (OLD.tenant, OLD.client_request_id, OLD.body_hash, OLD.action, OLD.marker)
        IS DISTINCT FROM
        (NEW.tenant, NEW.client_request_id, NEW.body_hash, NEW.action, NEW.marker)
    THEN
        RAISE EXCEPTION 'what an effect is about, and one that was sent, is never changed'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$
"""


def _json(name: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, postgresql.JSONB(astext_type=sa.Text()), nullable=nullable)


def _time(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(), nullable=nullable)


def upgrade() -> None:
    """Apply."""
    _plans_and_jobs()
    _effects()
    _decisions_and_reservations()
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION luthier_append_only()"
        )
    op.execute(EFFECT_KEPT)
    op.execute(
        "CREATE TRIGGER effect_kept BEFORE UPDATE OR DELETE ON effect "
        "FOR EACH ROW EXECUTE FUNCTION luthier_effect_kept()"
    )


def _plans_and_jobs() -> None:
    op.create_table(
        "action_plan",
        sa.Column("id", sa.Uuid(), nullable=False),
        _text("tenant"),
        _text("workspace"),
        _text("actor"),
        sa.Column("correlation_id", sa.Uuid(), nullable=False),
        _text("prompt_digest"),
        _text("prompt"),
        _text("outcome"),
        _json("document"),
        _json("meta"),
        _time("created_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint(
            "outcome IN ('planned', 'question', 'refused', 'error')", name="ck_plan_outcome"
        ),
    )
    for column in ("correlation_id", "prompt_digest", "created_at"):
        op.create_index(op.f(f"ix_action_plan_{column}"), "action_plan", [column])
    op.create_table(
        "action_job",
        sa.Column("id", sa.Uuid(), nullable=False),
        *map(_text, ("tenant", "workspace", "actor")),
        sa.Column("correlation_id", sa.Uuid(), nullable=False),
        *map(_text, ("provider", "action")),
        _json("params"),
        *map(_text, ("client_request_id", "body_hash")),
        sa.Column("plan_id", sa.Uuid(), nullable=True),
        _text("status"),
        _json("result", nullable=True),
        _json("error", nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("flow_run_id", sa.Uuid(), nullable=True),
        _time("created_at"),
        _time("started_at", nullable=True),
        _time("ended_at", nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["action_plan.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint(
            "status IN ('pending', 'running', 'completed', 'error', 'cancelled')",
            name="ck_action_job_status",
        ),
    )
    for column in ("correlation_id", "plan_id", "flow_run_id", "created_at"):
        op.create_index(op.f(f"ix_action_job_{column}"), "action_job", [column])
    op.create_index("ix_action_job_request", "action_job", ["tenant", "client_request_id"])
    op.create_index("ix_action_job_status", "action_job", ["status", "created_at"])


def _effects() -> None:
    op.create_table(
        "effect",
        sa.Column("id", sa.Uuid(), nullable=False),
        *map(_text, ("tenant", "client_request_id", "body_hash", "action", "state", "marker")),
        _json("provider_reference"),
        _json("outcome", nullable=True),
        _text("claimed_by"),
        _time("lease_until"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        _time("created_at"),
        _time("updated_at"),
        _time("settled_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("tenant", "client_request_id", name="uq_effect_request"),
        sa.CheckConstraint(
            "state IN ('claimed', 'sending', 'sent', 'failed', 'unknown')", name="ck_effect_state"
        ),
    )
    op.create_index("ix_effect_state", "effect", ["state", "updated_at"])
    op.create_table(
        "effect_event",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("effect_id", sa.Uuid(), nullable=False),
        *map(_text, ("event", "actor")),
        _json("detail"),
        _time("created_at"),
        sa.ForeignKeyConstraint(["effect_id"], ["effect.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_effect_event_effect", "effect_event", ["effect_id", "id"])


def _decisions_and_reservations() -> None:
    op.create_table(
        "policy_decision",
        sa.Column("id", sa.Uuid(), nullable=False),
        *map(_text, ("tenant", "workspace", "actor", "action", "stage")),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        *map(_text, ("rule", "reason", "policy_digest")),
        _text("client_request_id", nullable=True),
        sa.Column("correlation_id", sa.Uuid(), nullable=False),
        _time("created_at"),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint(
            "stage IN ('plan', 'enqueue', 'effect')", name="ck_policy_decision_stage"
        ),
    )
    for column in ("correlation_id", "created_at"):
        op.create_index(op.f(f"ix_policy_decision_{column}"), "policy_decision", [column])
    op.create_index(
        "ix_policy_decision_request", "policy_decision", ["tenant", "client_request_id"]
    )
    op.create_table(
        "token_reservation",
        sa.Column("id", sa.Uuid(), nullable=False),
        *map(_text, ("tenant", "model", "caller")),
        sa.Column("reserved", sa.Integer(), nullable=False),
        sa.Column("settled", sa.Integer(), nullable=True),
        sa.Column("settled_output", sa.Integer(), nullable=True),
        _text("state"),
        _time("lease_until"),
        _time("created_at"),
        _time("settled_at", nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint(
            "state IN ('reserved', 'settled', 'released', 'expired')",
            name="ck_token_reservation_state",
        ),
    )
    op.create_index(op.f("ix_token_reservation_created_at"), "token_reservation", ["created_at"])
    op.create_index("ix_token_reservation_settled", "token_reservation", ["settled_at"])
    op.create_index("ix_token_reservation_lease", "token_reservation", ["state", "lease_until"])


def downgrade() -> None:
    """Undo."""
    for table in (
        "token_reservation",
        "policy_decision",
        "effect_event",
        "effect",
        "action_job",
        "action_plan",
    ):
        op.drop_table(table)
    op.execute("DROP FUNCTION luthier_effect_kept()")
