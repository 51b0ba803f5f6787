"""The speed of each download over its whole time. The code of before runs on this form: it writes none."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

# revision identifiers, used by Alembic.
revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

UUID = sa.String(36).with_variant(postgresql.UUID(as_uuid=False), "postgresql")


def upgrade() -> None:
    op.create_table(
        "download_speeds",
        sa.Column("download_id", UUID, nullable=False),
        sa.Column("history", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["download_id"],
            ["downloads.id"],
            name=op.f("fk_download_speeds_download_id_downloads"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("download_id", name=op.f("pk_download_speeds")),
    )


def downgrade() -> None:
    op.drop_table("download_speeds")
