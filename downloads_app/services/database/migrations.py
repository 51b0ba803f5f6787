"""Whether the database has the form that this code expects."""

from functools import cache

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from downloads_app.extensions import db
from downloads_app.locations import MIGRATIONS_DIR


def are_current() -> bool:
    """Ask the database which migrations it has had; raises SQLAlchemyError where it does not answer."""
    with db.engine.connect() as connection:
        heads = set(MigrationContext.configure(connection).get_current_heads())
    return heads == _expected_heads()


def newest() -> str:
    """Return the name of the newest migration."""
    return min(_expected_heads())


@cache
def _expected_heads() -> frozenset[str]:
    return frozenset(ScriptDirectory(str(MIGRATIONS_DIR)).get_heads())
