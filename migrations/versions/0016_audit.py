"""Who has done what, from where, and when. The code of before runs on this form: it writes none."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

# revision identifiers, used by Alembic.
revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

UUID = sa.String(36).with_variant(postgresql.UUID(as_uuid=False), "postgresql")
TIME = sa.DateTime(timezone=True)
HAS_ADDRESS = sa.text("address IS NOT NULL")


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", UUID, nullable=False),
        sa.Column("at", TIME, nullable=False),
        sa.Column("last_at", TIME, nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=True),
        sa.Column("actor_id", UUID, nullable=True),
        sa.Column("key", sa.String(length=80), nullable=True),
        sa.Column("username", sa.String(length=80), nullable=True),
        sa.Column("user_id", UUID, nullable=True),
        sa.Column("object_type", sa.String(length=20), nullable=True),
        sa.Column("object_id", sa.String(length=64), nullable=True),
        sa.Column("object_name", sa.String(length=200), nullable=True),
        sa.Column("address", sa.String(length=45), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("fold", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
        sa.UniqueConstraint("fold", name=op.f("uq_audit_fold")),
    )
    for column in ("action", "actor", "username"):
        op.create_index(f"ix_audit_{column}", "audit", [column, "at", "id"])
    op.create_index("ix_audit_at", "audit", ["at", "id"])
    op.create_index("ix_audit_address", "audit", ["at"], postgresql_where=HAS_ADDRESS, sqlite_where=HAS_ADDRESS)


def downgrade() -> None:
    op.drop_table("audit")
