"""Lists of addresses: what an admin has written for a provider of kind `urls`."""

import sqlalchemy as sa
from alembic import op

# revision identifiers, used by Alembic.
revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("providers", sa.Column("address_list_encrypted", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("providers", "address_list_encrypted")  # never made anew: everybody's downloads hang on it
