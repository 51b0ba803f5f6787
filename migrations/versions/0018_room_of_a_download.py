"""How many bytes a download needs on the disk, and whether it has reserved them. The code of before writes neither."""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not as a batch: that makes the table anew in SQLite, and loses its triggers.
    op.add_column("downloads", sa.Column("needed_bytes", sa.BigInteger(), nullable=True))
    op.add_column("downloads", sa.Column("has_room", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.execute("ALTER TABLE downloads DROP COLUMN has_room")
    op.execute("ALTER TABLE downloads DROP COLUMN needed_bytes")
