"""When a download's present trouble began, however often it was tried since. The code of before does not write it."""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not as a batch: that makes the table anew in SQLite, and loses its triggers.
    op.add_column("downloads", sa.Column("trouble_began_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    op.execute("ALTER TABLE downloads DROP COLUMN trouble_began_at")
