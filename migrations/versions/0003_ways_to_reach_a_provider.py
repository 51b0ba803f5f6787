"""Ways to reach a provider: a password, a header, a client certificate, further hosts; kinds are the code's alone.

The code of before runs on this form: what is new may be left out, and the rule that named two kinds only forbade.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

# revision identifiers, used by Alembic.
revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KINDS_BEFORE = "kind IN ('huggingface', 'http')"
NEW_TEXTS = ("username", "password_encrypted", "header_value_encrypted", "client_certificate_encrypted")


def alter_providers(change: Callable[[BatchOperations], None]) -> None:
    """Let `change` alter the table. SQLite makes it anew for that, and nothing that hangs on it may go.

    SQLite deletes the rows of a table that is dropped, and with them what refers to them. So the keys rest
    meanwhile, which can only be said outside a transaction; all else is one, made or not made.
    """
    if op.get_bind().dialect.name != "sqlite":
        with op.batch_alter_table("providers") as table:
            change(table)
        return
    connection: Any = op.get_bind().connection.dbapi_connection
    connection.commit()
    connection.execute("PRAGMA foreign_keys=OFF")
    connection.execute("BEGIN IMMEDIATE")
    with op.batch_alter_table("providers", recreate="always") as table:
        change(table)
    if connection.execute("PRAGMA foreign_key_check").fetchone():
        raise RuntimeError("a row refers to a provider that is not there")
    connection.commit()
    connection.execute("PRAGMA foreign_keys=ON")


def widen(table: BatchOperations) -> None:
    for name in NEW_TEXTS:
        table.add_column(sa.Column(name, sa.Text(), nullable=True))
    table.add_column(sa.Column("header_name", sa.String(length=100), nullable=True))
    table.add_column(sa.Column("region", sa.String(length=100), nullable=True))
    table.add_column(sa.Column("allow_hosts", sa.JSON(), server_default="[]", nullable=False))
    table.drop_constraint(op.f("ck_providers_kind"), type_="check")


def narrow(table: BatchOperations) -> None:
    for name in (*NEW_TEXTS, "header_name", "region", "allow_hosts"):
        table.drop_column(name)
    table.create_check_constraint(op.f("ck_providers_kind"), KINDS_BEFORE)


def upgrade() -> None:
    alter_providers(widen)


def downgrade() -> None:
    found = op.get_bind().scalar(sa.text(f"SELECT count(*) FROM providers WHERE NOT ({KINDS_BEFORE})"))
    if found:
        raise RuntimeError(f"{found} providers are of kinds that are not known before this; remove them first")
    alter_providers(narrow)
