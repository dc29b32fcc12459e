"""The files kept from a run; steps that were cancelled."""

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
    _states("'completed', 'failed', 'skipped', 'cancelled'")


def downgrade() -> None:
    """Undo."""
    op.execute("UPDATE step_result SET state = 'failed' WHERE state = 'cancelled'")
    _states("'completed', 'failed', 'skipped'")
    op.drop_column("run", "artifacts")


def _states(states: str) -> None:
    op.drop_constraint("ck_step_result_state", "step_result", type_="check")
    op.create_check_constraint("ck_step_result_state", "step_result", f"state IN ({states})")
