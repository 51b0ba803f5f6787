"""The MD5 of a file, which S3 stores tell."""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("download_files", sa.Column("md5", sa.String(length=32), nullable=True))


def downgrade() -> None:
    op.drop_column("download_files", "md5")
