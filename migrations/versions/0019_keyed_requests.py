"""Requests with an Idempotency-Key, and which request queued a download. The code of before runs on this form."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

# revision identifiers, used by Alembic.
revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

UUID = sa.String(36).with_variant(postgresql.UUID(as_uuid=False), "postgresql")


def upgrade() -> None:
    op.create_table(
        "keyed_requests",
        sa.Column("user_id", UUID, nullable=False),
        sa.Column("key", sa.String(255), nullable=False),
        sa.Column("claim", UUID, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("begun_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Integer(), nullable=True),
        sa.Column("headers", sa.JSON(), nullable=True),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_keyed_requests_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_keyed_requests")),
    )
    op.create_index("ix_keyed_requests_user_id_begun_at", "keyed_requests", ["user_id", "begun_at"])
    op.create_index(op.f("ix_keyed_requests_begun_at"), "keyed_requests", ["begun_at"])
    op.add_column("downloads", sa.Column("request_id", sa.String(64), nullable=True))


def downgrade() -> None:
    op.execute("ALTER TABLE downloads DROP COLUMN request_id")
    op.drop_table("keyed_requests")
