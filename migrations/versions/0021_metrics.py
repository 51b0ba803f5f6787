"""What /metrics tells of workers and queue. The code of before runs on this form: its workers tell nothing of it."""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "metric_counts",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("provider", sa.String(length=80), nullable=False),
        sa.Column("label", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", "provider", "label", name=op.f("pk_metric_counts")),
    )
    op.create_table(
        "queue_readings",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_queue_readings_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_queue_readings")),
    )
    op.add_column("workers", sa.Column("disk_free_bytes", sa.BigInteger(), nullable=True))
    op.add_column("workers", sa.Column("disk_size_bytes", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("workers", "disk_size_bytes")
    op.drop_column("workers", "disk_free_bytes")
    op.drop_table("queue_readings")
    op.drop_table("metric_counts")
