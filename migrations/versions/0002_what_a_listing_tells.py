"""What a listing tells of a file besides its exact size and SHA-256.

Git's SHA-1, the hub's hash of its chunks, a rounded size.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("download_files") as batch:
        batch.add_column(sa.Column("git_sha1", sa.String(length=40), nullable=True))
        batch.add_column(sa.Column("xet_hash", sa.String(length=64), nullable=True))
        batch.add_column(sa.Column("about_bytes", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("download_files") as batch:
        batch.drop_column("about_bytes")
        batch.drop_column("xet_hash")
        batch.drop_column("git_sha1")
