"""Indexes by which workers pass over what cannot begin: downloads of closed providers, and those that wait for room."""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

IS_PENDING = sa.text("status = 'pending'")
HAS_REASON = sa.text("wait_reason IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_downloads_pending_provider",
        "downloads",
        ["user_id", "provider_id", sa.text("priority DESC"), "created_at", "id"],
        postgresql_where=IS_PENDING,
        sqlite_where=IS_PENDING,
    )
    op.create_index(
        "ix_downloads_waiting", "downloads", ["created_at", "id"], postgresql_where=HAS_REASON, sqlite_where=HAS_REASON
    )


def downgrade() -> None:
    op.drop_index("ix_downloads_waiting", "downloads")
    op.drop_index("ix_downloads_pending_provider", "downloads")
