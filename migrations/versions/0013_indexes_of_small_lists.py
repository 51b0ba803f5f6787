"""Indexes for the lists of users, providers and repositories, in each order that they can be asked for."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

INDEXES = {
    "ix_users_list_created": ("users", ["created_at", "id"]),
    "ix_users_list_updated": ("users", ["updated_at", "id"]),
    "ix_users_list_admin": ("users", ["is_admin", "username"]),
    "ix_users_list_disabled": ("users", ["is_disabled", "username"]),
    "ix_providers_list_kind": ("providers", ["kind", "id"]),
    "ix_providers_list_created": ("providers", ["created_at", "id"]),
    "ix_providers_list_updated": ("providers", ["updated_at", "id"]),
    "ix_repositories_list_name": ("repositories", ["name", "id"]),
    "ix_repositories_list_created": ("repositories", ["created_at", "id"]),
}


def upgrade() -> None:
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name, (table, _columns) in INDEXES.items():
        op.drop_index(name, table)
