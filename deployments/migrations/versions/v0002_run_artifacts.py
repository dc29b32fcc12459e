"""The files kept from a run, the step that started it, and steps that were cancelled."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column(
        "run",
        sa.Column(
            "artifacts",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            server_default=sa.text("'[]'::jsonb"),
        ),
    )
    op.add_column("run", sa.Column("parent_run", sa.Uuid(), nullable=True))
    op.add_column("run", sa.Column("parent_step", sa.String(), nullable=True))
    op.create_index("ix_run_parent_run", "run", ["parent_run"])
    _states("'completed', 'failed', 'skipped', 'cancelled'")


def downgrade() -> None:
    """Undo."""
    op.execute("UPDATE step_result SET state = 'failed' WHERE state = 'cancelled'")
    _states("'completed', 'failed', 'skipped'")
    op.drop_index("ix_run_parent_run", table_name="run")
    op.drop_column("run", "parent_step")
    op.drop_column("run", "parent_run")
    op.drop_column("run", "artifacts")


def _states(states: str) -> None:
    op.drop_constraint("ck_step_result_state", "step_result", type_="check")
    op.create_check_constraint("ck_step_result_state", "step_result", f"state IN ({states})")
