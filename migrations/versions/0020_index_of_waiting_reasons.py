"""An index of what waits with a reason: workers look there for downloads that wait for room."""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

HAS_REASON = sa.text("wait_reason IS NOT NULL")


def upgrade() -> None:
    op.create_index(
        "ix_downloads_waiting", "downloads", ["created_at", "id"], postgresql_where=HAS_REASON, sqlite_where=HAS_REASON
    )


def downgrade() -> None:
    op.drop_index("ix_downloads_waiting", "downloads")
