"""Providers, and the whole queue, can be paused. The code of before runs on this form: it pauses nothing."""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    # Not as a batch: that makes the table anew in SQLite, and everybody's downloads hang on it.
    op.add_column("providers", sa.Column("paused_at", TIME, nullable=True))
    op.create_table(
        "queue_pauses",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("paused_at", TIME, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_queue_pauses_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_pauses")),
    )


def downgrade() -> None:
    op.drop_table("queue_pauses")
    op.drop_column("providers", "paused_at")
