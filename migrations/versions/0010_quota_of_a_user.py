"""A quota of one user's own, beside the general one. The code of before runs on this form: it writes none."""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not as a batch: that makes the table anew in SQLite, and loses its triggers.
    op.add_column("users", sa.Column("quota_bytes", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.execute("ALTER TABLE users DROP COLUMN quota_bytes")
