"""Rosettes: searches, attachments, designs, and the record of every decision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "rosette_attempt",
    "rosette_attachment",
    "rosette_run_artifact",
    "rosette_transition",
    "rosette_program",
)

FUNCTIONS = {
    "luthier_rosette_search_kept": """
        IF TG_OP <> 'UPDATE' OR OLD.ended_at IS NOT NULL
            OR (OLD.context, OLD.context_digest, OLD.generator, OLD.seed, OLD.budget, OLD.engine)
            IS DISTINCT FROM
            (NEW.context, NEW.context_digest, NEW.generator, NEW.seed, NEW.budget, NEW.engine)
        THEN
            RAISE EXCEPTION 'what a search started from, and one that ended, is never changed'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    """,
    "luthier_rosette_transition_chain": """
        IF NEW.number <> 1 + (
                SELECT count(*) FROM rosette_transition WHERE design_id = NEW.design_id
            ) OR NEW.source <> coalesce((
                SELECT target FROM rosette_transition
                WHERE design_id = NEW.design_id AND number = NEW.number - 1
            ), 'draft')
        THEN
            RAISE EXCEPTION 'transition % of design % does not follow the one before it',
                NEW.number, NEW.design_id USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    """,
    "luthier_rosette_design_follows": """
        IF TG_OP = 'DELETE' OR NOT EXISTS (
            SELECT FROM rosette_design d WHERE d.id = NEW.id AND (
                (d.version = 0 AND d.state = 'draft') OR EXISTS (
                    SELECT FROM rosette_transition t
                    WHERE t.design_id = d.id AND t.number = d.version AND t.target = d.state
                )
            ) AND d.version = (SELECT count(*) FROM rosette_transition WHERE design_id = d.id)
        ) THEN
            RAISE EXCEPTION 'a design moves only with its transition and is never removed'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    """,
    "luthier_rosette_transition_moves": """
        IF NOT EXISTS (
            SELECT FROM rosette_design WHERE id = NEW.design_id AND version >= NEW.number
        ) THEN
            RAISE EXCEPTION 'a transition is recorded only with the move of its design'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NULL;
    """,
}


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "rosette_attachment",
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("correlation_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sha256", "tenant"),
    )
    op.create_index(
        op.f("ix_rosette_attachment_created_at"), "rosette_attachment", ["created_at"], unique=False
    )
    op.create_table(
        "rosette_run_artifact",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("correlation_id", sa.Uuid(), nullable=False),
        sa.Column("flow_run_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("document", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("engine", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        op.f("ix_rosette_run_artifact_created_at"),
        "rosette_run_artifact",
        ["created_at"],
        unique=False,
    )
    op.create_index(
        "ix_rosette_run_artifact_digest", "rosette_run_artifact", ["digest"], unique=False
    )
    op.create_index(
        op.f("ix_rosette_run_artifact_flow_run_id"),
        "rosette_run_artifact",
        ["flow_run_id"],
        unique=False,
    )
    op.create_table(
        "rosette_search",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("correlation_id", sa.Uuid(), nullable=False),
        sa.Column("flow_run_id", sa.Uuid(), nullable=True),
        sa.Column("context", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("context_digest", sa.String(), nullable=False),
        sa.Column("generator", sa.String(), nullable=False),
        sa.Column("seed", sa.BigInteger(), nullable=False),
        sa.Column("budget", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("engine", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("best_digest", sa.String(), nullable=True),
        sa.Column("best_score", sa.Float(), nullable=True),
        sa.Column("attempts_made", sa.Integer(), nullable=False),
        sa.Column("evaluations", sa.Integer(), nullable=False),
        sa.Column("time_s", sa.Float(), nullable=False),
        sa.Column("binding_constraints", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('running', 'success', 'best_effort', 'exhausted', 'timeout', 'failed',"
            " 'cancelled')",
            name="ck_rosette_search_status",
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        op.f("ix_rosette_search_context_digest"), "rosette_search", ["context_digest"], unique=False
    )
    op.create_index(
        op.f("ix_rosette_search_correlation_id"), "rosette_search", ["correlation_id"], unique=False
    )
    op.create_index(
        op.f("ix_rosette_search_created_at"), "rosette_search", ["created_at"], unique=False
    )
    op.create_index(
        op.f("ix_rosette_search_flow_run_id"), "rosette_search", ["flow_run_id"], unique=False
    )
    op.create_table(
        "rosette_attempt",
        sa.Column("search_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("spec", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("spec_digest", sa.String(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("risk", sa.String(), nullable=False),
        sa.Column("violations", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("generator", sa.String(), nullable=False),
        sa.Column("time_s", sa.Float(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["search_id"], ["rosette_search.id"], ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("search_id", "number"),
    )
    op.create_index(
        op.f("ix_rosette_attempt_spec_digest"), "rosette_attempt", ["spec_digest"], unique=False
    )
    op.create_table(
        "rosette_design",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("tenant", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("correlation_id", sa.Uuid(), nullable=False),
        sa.Column("search_id", sa.Uuid(), nullable=True),
        sa.Column("flow_run_id", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("spec", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("context", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("spec_digest", sa.String(), nullable=True),
        sa.Column("context_digest", sa.String(), nullable=True),
        sa.Column("decision", sa.String(), nullable=True),
        sa.Column("risk", sa.String(), nullable=True),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("verdict_digest", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('draft', 'design_revision_required', 'context_ready', "
            "'feasibility_failed', 'feasibility_requested', 'feasibility_ready', 'rejected', "
            "'approved', 'toolpaths_failed', 'toolpaths_requested', 'toolpaths_ready', "
            "'archived')",
            name="ck_rosette_design_state",
        ),
        sa.ForeignKeyConstraint(
            ["search_id"],
            ["rosette_search.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("flow_run_id"),
    )
    op.create_index(
        op.f("ix_rosette_design_correlation_id"), "rosette_design", ["correlation_id"], unique=False
    )
    op.create_index(
        op.f("ix_rosette_design_created_at"), "rosette_design", ["created_at"], unique=False
    )
    op.create_index(
        op.f("ix_rosette_design_search_id"), "rosette_design", ["search_id"], unique=False
    )
    op.create_index(
        op.f("ix_rosette_design_spec_digest"), "rosette_design", ["spec_digest"], unique=False
    )
    op.create_index(op.f("ix_rosette_design_state"), "rosette_design", ["state"], unique=False)
    op.create_table(
        "rosette_transition",
        sa.Column("design_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("artifact_id", sa.Uuid(), nullable=False),
        sa.Column("flow_run_id", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["artifact_id"],
            ["rosette_run_artifact.id"],
        ),
        sa.ForeignKeyConstraint(["design_id"], ["rosette_design.id"], ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("design_id", "number"),
        sa.UniqueConstraint("artifact_id"),
    )
    op.create_index(
        op.f("ix_rosette_transition_created_at"), "rosette_transition", ["created_at"], unique=False
    )
    op.create_index(
        op.f("ix_rosette_transition_flow_run_id"),
        "rosette_transition",
        ["flow_run_id"],
        unique=False,
    )
    op.create_table(
        "rosette_program",
        sa.Column("design_id", sa.Uuid(), nullable=False),
        sa.Column("transition", sa.Integer(), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sha256", sa.String(), nullable=False),
        sa.Column("media_type", sa.String(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("path <> ''", name="ck_rosette_program_path"),
        sa.ForeignKeyConstraint(
            ["design_id", "transition"],
            ["rosette_transition.design_id", "rosette_transition.number"],
            name="fk_rosette_program_transition",
            ondelete="RESTRICT",
        ),
        sa.PrimaryKeyConstraint("design_id", "transition", "path"),
    )
    op.create_index(op.f("ix_rosette_program_sha256"), "rosette_program", ["sha256"], unique=False)
    _make_triggers()


def _make_triggers() -> None:
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION luthier_append_only()"
        )
    for name, body in FUNCTIONS.items():
        op.execute(
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$"
        )
    op.execute(
        "CREATE TRIGGER rosette_search_kept BEFORE UPDATE OR DELETE ON rosette_search "
        "FOR EACH ROW EXECUTE FUNCTION luthier_rosette_search_kept()"
    )
    op.execute(
        "CREATE TRIGGER rosette_transition_chain BEFORE INSERT ON rosette_transition "
        "FOR EACH ROW EXECUTE FUNCTION luthier_rosette_transition_chain()"
    )
    op.execute(
        "CREATE CONSTRAINT TRIGGER rosette_design_follows "
        "AFTER INSERT OR UPDATE OR DELETE ON rosette_design DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION luthier_rosette_design_follows()"
    )
    op.execute(
        "CREATE CONSTRAINT TRIGGER rosette_transition_follows "
        "AFTER INSERT ON rosette_transition DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION luthier_rosette_transition_moves()"
    )


def downgrade() -> None:
    """Undo."""
    op.drop_index(op.f("ix_rosette_program_sha256"), table_name="rosette_program")
    op.drop_table("rosette_program")
    op.drop_index(op.f("ix_rosette_transition_flow_run_id"), table_name="rosette_transition")
    op.drop_index(op.f("ix_rosette_transition_created_at"), table_name="rosette_transition")
    op.drop_table("rosette_transition")
    op.drop_index(op.f("ix_rosette_design_state"), table_name="rosette_design")
    op.drop_index(op.f("ix_rosette_design_spec_digest"), table_name="rosette_design")
    op.drop_index(op.f("ix_rosette_design_search_id"), table_name="rosette_design")
    op.drop_index(op.f("ix_rosette_design_created_at"), table_name="rosette_design")
    op.drop_index(op.f("ix_rosette_design_correlation_id"), table_name="rosette_design")
    op.drop_table("rosette_design")
    op.drop_index(op.f("ix_rosette_attempt_spec_digest"), table_name="rosette_attempt")
    op.drop_table("rosette_attempt")
    op.drop_index(op.f("ix_rosette_search_flow_run_id"), table_name="rosette_search")
    op.drop_index(op.f("ix_rosette_search_created_at"), table_name="rosette_search")
    op.drop_index(op.f("ix_rosette_search_correlation_id"), table_name="rosette_search")
    op.drop_index(op.f("ix_rosette_search_context_digest"), table_name="rosette_search")
    op.drop_table("rosette_search")
    op.drop_index(op.f("ix_rosette_run_artifact_flow_run_id"), table_name="rosette_run_artifact")
    op.drop_index("ix_rosette_run_artifact_digest", table_name="rosette_run_artifact")
    op.drop_index(op.f("ix_rosette_run_artifact_created_at"), table_name="rosette_run_artifact")
    op.drop_table("rosette_run_artifact")
    op.drop_index(op.f("ix_rosette_attachment_created_at"), table_name="rosette_attachment")
    op.drop_table("rosette_attachment")
    for name in FUNCTIONS:
        op.execute(f"DROP FUNCTION {name}()")
