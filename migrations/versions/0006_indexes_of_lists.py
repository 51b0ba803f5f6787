"""Indexes from which every list reads the keys of a page, whatever it is sorted by or narrowed to."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

DOWNLOADS = {
    "ix_downloads_list_user": ["user_id", "created_at", "id"],
    "ix_downloads_list_provider": ["provider_id", "created_at", "id"],
    "ix_downloads_list_repository": ["repository_id", "created_at", "id"],
    "ix_downloads_list_status": ["status", "created_at", "id"],
    "ix_downloads_list_created": ["created_at", "id"],
    "ix_downloads_list_updated": ["updated_at", "id"],
    "ix_downloads_list_started": ["started_at", "id"],
    "ix_downloads_list_completed": ["completed_at", "id"],
    "ix_downloads_list_priority": ["priority", "id"],
    "ix_downloads_list_bytes": ["current_bytes", "id"],
}
REPLACED = {
    "ix_downloads_user_history": ["user_id", "created_at"],
    "ix_downloads_provider_id": ["provider_id"],
    "ix_downloads_repository_id": ["repository_id"],
    "ix_downloads_created_at": ["created_at"],
}


def exchange(made: dict[str, list[str]], dropped: dict[str, list[str]]) -> None:
    """Make indexes, then drop others, while everybody goes on reading and writing.

    PostgreSQL does so outside of a transaction. One that was broken off leaves an index that serves nobody, so that
    each is made anew; and the table may be large, so that there is no limit of time.
    """
    if op.get_bind().dialect.name != "postgresql":
        for name, columns in made.items():
            op.create_index(name, "downloads", columns)
        for name in dropped:
            op.drop_index(name, "downloads")
        return
    with op.get_context().autocommit_block():
        op.execute("SET statement_timeout = 0")
        for name, columns in made.items():
            op.drop_index(name, "downloads", postgresql_concurrently=True, if_exists=True)
            op.create_index(name, "downloads", columns, postgresql_concurrently=True)
        for name in dropped:
            op.drop_index(name, "downloads", postgresql_concurrently=True, if_exists=True)
        op.execute("RESET statement_timeout")


def upgrade() -> None:
    exchange(DOWNLOADS, REPLACED)


def downgrade() -> None:
    exchange(REPLACED, DOWNLOADS)
