"""The first form: accounts, providers, repositories, downloads, and the triggers that order their changes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

# revision identifiers, used by Alembic.
revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UUID = sa.String(36).with_variant(postgresql.UUID(as_uuid=False), "postgresql")
TIME = sa.DateTime(timezone=True)

# Each write to these tables is stamped with a change_id, so that a reader can ask for what changed since its
# last read. PostgreSQL: the id of the writing transaction, which a reader compares with the transactions that its
# last read could not see. SQLite, which has one writer at a time: a counter.
STAMPED = ("users", "revoked_tokens", "downloads", "deletions")
# A deleted row cannot carry a stamp; its deletion is a row of its own. (Table, its owner's column.)
MOURNED = (("users", "id"), ("downloads", "user_id"))


def create_triggers() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("""
            CREATE FUNCTION stamp_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                NEW.change_id := pg_current_xact_id()::text::bigint;
                RETURN NEW;
            END $$""")
        op.execute("""
            CREATE FUNCTION record_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO deletions (row_id, user_id)
                VALUES (OLD.id, (to_jsonb(OLD) ->> TG_ARGV[0])::uuid) ON CONFLICT DO NOTHING;
                RETURN NULL;
            END $$""")
        for table in STAMPED:
            op.execute(f"""CREATE TRIGGER {table}_stamp BEFORE INSERT OR UPDATE ON {table}
                           FOR EACH ROW EXECUTE FUNCTION stamp_change()""")
        for table, owner in MOURNED:
            op.execute(f"""CREATE TRIGGER {table}_deletion AFTER DELETE ON {table}
                           FOR EACH ROW EXECUTE FUNCTION record_deletion('{owner}')""")
        return
    op.execute("CREATE TABLE change_counter (value INTEGER NOT NULL)")
    op.execute("INSERT INTO change_counter VALUES (0)")
    for table in STAMPED:
        for event in ("INSERT", "UPDATE"):
            # SQLite does not fire a trigger from within itself (recursive_triggers is off by default).
            op.execute(f"""CREATE TRIGGER {table}_stamp_{event.lower()} AFTER {event} ON {table} BEGIN
                UPDATE change_counter SET value = value + 1;
                UPDATE {table} SET change_id = (SELECT value FROM change_counter) WHERE rowid = NEW.rowid;
            END""")
    for table, owner in MOURNED:
        op.execute(f"""CREATE TRIGGER {table}_deletion AFTER DELETE ON {table} BEGIN
            INSERT OR IGNORE INTO deletions (row_id, user_id) VALUES (OLD.id, OLD.{owner});
        END""")


def drop_triggers() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION stamp_change() CASCADE")
        op.execute("DROP FUNCTION record_deletion() CASCADE")
        return
    for table, _owner in MOURNED:
        op.execute(f"DROP TRIGGER {table}_deletion")
    for table in STAMPED:
        for event in ("insert", "update"):
            op.execute(f"DROP TRIGGER {table}_stamp_{event}")
    op.execute("DROP TABLE change_counter")


def upgrade() -> None:
    op.create_table(
        "deletions",
        sa.Column("row_id", UUID, nullable=False),
        sa.Column("user_id", UUID, nullable=False),
        sa.Column("change_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("deleted_at", TIME, server_default=sa.text("(CURRENT_TIMESTAMP)"), nullable=False),
        sa.PrimaryKeyConstraint("row_id", name=op.f("pk_deletions")),
    )
    with op.batch_alter_table("deletions", schema=None) as batch_op:
        batch_op.create_index(("ix_deletions_change_id"), ["change_id"], unique=False)

    op.create_table(
        "providers",
        sa.Column("id", UUID, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("token_encrypted", sa.Text(), nullable=True),
        sa.Column("allow_private_network", sa.Boolean(), nullable=False),
        sa.Column("max_connections", sa.Integer(), nullable=True),
        sa.Column("proxy_url_encrypted", sa.Text(), nullable=True),
        sa.Column("ca_file", sa.Text(), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.CheckConstraint("kind IN ('huggingface', 'http')", name=op.f("ck_providers_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_providers")),
        sa.UniqueConstraint("name", name=op.f("uq_providers_name")),
    )
    op.create_table(
        "revoked_tokens",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("user_id", UUID, nullable=False),
        sa.Column("expires_at", TIME, nullable=False),
        sa.Column("change_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_revoked_tokens")),
    )
    with op.batch_alter_table("revoked_tokens", schema=None) as batch_op:
        batch_op.create_index(("ix_revoked_tokens_change_id"), ["change_id"], unique=False)
        batch_op.create_index(("ix_revoked_tokens_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(("ix_revoked_tokens_user_id"), ["user_id"], unique=False)

    op.create_table(
        "users",
        sa.Column("id", UUID, nullable=False),
        sa.Column("username", sa.String(length=80), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=False),
        sa.Column("is_admin", sa.Boolean(), nullable=False),
        sa.Column("is_disabled", sa.Boolean(), nullable=False),
        sa.Column("tokens_valid_from", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("change_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("username", name=op.f("uq_users_username")),
    )
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.create_index(("ix_users_change_id"), ["change_id"], unique=False)

    op.create_table(
        "repositories",
        sa.Column("id", UUID, nullable=False),
        sa.Column("provider_id", UUID, nullable=False),
        sa.Column("name", sa.String(length=500), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["providers.id"],
            name=op.f("fk_repositories_provider_id_providers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_repositories")),
        sa.UniqueConstraint("provider_id", "name", name=op.f("uq_repositories_provider_id_name")),
    )
    op.create_table(
        "downloads",
        sa.Column("id", UUID, nullable=False),
        sa.Column("user_id", UUID, nullable=False),
        sa.Column("provider_id", UUID, nullable=False),
        sa.Column("repository_id", UUID, nullable=False),
        sa.Column("revision", sa.String(length=200), nullable=False),
        sa.Column("commit", sa.String(length=64), nullable=True),
        sa.Column("include", sa.JSON(), nullable=False),
        sa.Column("exclude", sa.JSON(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=20), nullable=False),
        sa.Column("wait_reason", sa.Text(), nullable=True),
        sa.Column("not_before_at", TIME, nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("claimed_at", TIME, nullable=True),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("worker_id", sa.String(length=120), nullable=True),
        sa.Column("lease_expires_at", TIME, nullable=True),
        sa.Column("current_bytes", sa.BigInteger(), nullable=False),
        sa.Column("total_bytes", sa.BigInteger(), nullable=True),
        sa.Column("current_file", sa.Text(), nullable=True),
        sa.Column("total_files", sa.Integer(), nullable=True),
        sa.Column("files_completed", sa.Integer(), nullable=False),
        sa.Column("download_speed", sa.BigInteger(), nullable=False),
        sa.Column("eta_seconds", sa.BigInteger(), nullable=True),
        sa.Column("started_at", TIME, nullable=True),
        sa.Column("completed_at", TIME, nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("updated_at", TIME, nullable=False),
        sa.Column("change_id", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "status IN ('pending','downloading','paused','completed','failed','cancelled')",
            name=op.f("ck_downloads_status"),
        ),
        sa.ForeignKeyConstraint(
            ["provider_id"],
            ["providers.id"],
            name=op.f("fk_downloads_provider_id_providers"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["repository_id"],
            ["repositories.id"],
            name=op.f("fk_downloads_repository_id_repositories"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_downloads_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_downloads")),
    )
    with op.batch_alter_table("downloads", schema=None) as batch_op:
        batch_op.create_index(
            "ix_downloads_active",
            ["user_id", "created_at", "id"],
            unique=False,
            postgresql_where=sa.text("status IN ('pending', 'downloading')"),
            sqlite_where=sa.text("status IN ('pending', 'downloading')"),
        )
        batch_op.create_index(("ix_downloads_change_id"), ["change_id"], unique=False)
        batch_op.create_index(("ix_downloads_created_at"), ["created_at"], unique=False)
        batch_op.create_index(
            "ix_downloads_lease",
            ["lease_expires_at"],
            unique=False,
            postgresql_where=sa.text("worker_id IS NOT NULL"),
            sqlite_where=sa.text("worker_id IS NOT NULL"),
        )
        batch_op.create_index(
            "ix_downloads_pending",
            ["user_id", sa.text("priority DESC"), "created_at", "id"],
            unique=False,
            postgresql_where=sa.text("status = 'pending'"),
            sqlite_where=sa.text("status = 'pending'"),
        )
        batch_op.create_index(("ix_downloads_provider_id"), ["provider_id"], unique=False)
        batch_op.create_index(("ix_downloads_repository_id"), ["repository_id"], unique=False)
        batch_op.create_index("ix_downloads_user_history", ["user_id", "created_at"], unique=False)
        batch_op.create_index("ix_downloads_served", ["user_id", "claimed_at"], unique=False)

    op.create_table(
        "download_files",
        sa.Column("id", UUID, nullable=False),
        sa.Column("download_id", UUID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("completed_at", TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["download_id"],
            ["downloads.id"],
            name=op.f("fk_download_files_download_id_downloads"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_download_files")),
        sa.UniqueConstraint("download_id", "position", name=op.f("uq_download_files_download_id_position")),
    )
    with op.batch_alter_table("download_files", schema=None) as batch_op:
        batch_op.create_index(
            "ix_download_files_sha256",
            ["sha256"],
            unique=False,
            postgresql_where=sa.text("completed_at IS NOT NULL"),
        )

    create_triggers()


def downgrade() -> None:
    drop_triggers()
    with op.batch_alter_table("download_files", schema=None) as batch_op:
        batch_op.drop_index("ix_download_files_sha256", postgresql_where=sa.text("completed_at IS NOT NULL"))

    op.drop_table("download_files")
    with op.batch_alter_table("downloads", schema=None) as batch_op:
        batch_op.drop_index("ix_downloads_served")
        batch_op.drop_index("ix_downloads_user_history")
        batch_op.drop_index("ix_downloads_repository_id")
        batch_op.drop_index("ix_downloads_provider_id")
        batch_op.drop_index(
            "ix_downloads_pending",
            postgresql_where=sa.text("status = 'pending'"),
            sqlite_where=sa.text("status = 'pending'"),
        )
        batch_op.drop_index(
            "ix_downloads_lease",
            postgresql_where=sa.text("worker_id IS NOT NULL"),
            sqlite_where=sa.text("worker_id IS NOT NULL"),
        )
        batch_op.drop_index("ix_downloads_created_at")
        batch_op.drop_index("ix_downloads_change_id")
        batch_op.drop_index(
            "ix_downloads_active",
            postgresql_where=sa.text("status IN ('pending', 'downloading')"),
            sqlite_where=sa.text("status IN ('pending', 'downloading')"),
        )

    op.drop_table("downloads")
    op.drop_table("repositories")
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_index("ix_users_change_id")

    op.drop_table("users")
    with op.batch_alter_table("revoked_tokens", schema=None) as batch_op:
        batch_op.drop_index("ix_revoked_tokens_expires_at")
        batch_op.drop_index("ix_revoked_tokens_change_id")

    op.drop_table("revoked_tokens")
    op.drop_table("providers")
    with op.batch_alter_table("deletions", schema=None) as batch_op:
        batch_op.drop_index("ix_deletions_change_id")

    op.drop_table("deletions")
