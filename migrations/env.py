"""How alembic reaches the application's database: started within it by `flask db …` and `run`."""

import logging
from collections.abc import Iterable
from typing import Any

from alembic import context
from alembic.operations.ops import MigrationScript
from alembic.runtime.migration import MigrationContext
from flask import current_app

from downloads_app.models import Download

config = context.config
logger = logging.getLogger("alembic.env")
extension = current_app.extensions["migrate"]
database = extension.db
MODELS = Download.metadata
"""The tables of all models: the package of one loads the others."""
config.set_main_option("sqlalchemy.url", database.engine.url.render_as_string(hide_password=False).replace("%", "%%"))


def is_of_a_model(_object: object, name: str | None, _kind: str, _reflected: bool, _compare_to: object) -> bool:
    """SQLite's change counter belongs to the triggers of the first migration, not to a model."""
    return name != "change_counter"


def write_no_empty_revision(
    _context: MigrationContext, _revision: str | Iterable[str | None], directives: list[MigrationScript]
) -> None:
    """Make no migration where the models have not changed."""
    if getattr(config.cmd_opts, "autogenerate", False):
        operations = directives[0].upgrade_ops
        if operations is not None and operations.is_empty():
            directives[:] = []
            logger.info("No changes in schema detected.")


def run_offline() -> None:
    """Print the statements; needs no database."""
    url = config.get_main_option("sqlalchemy.url")
    context.configure(url=url, target_metadata=MODELS, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def run_online() -> None:
    """Run the migrations in the application's database."""
    options: dict[str, Any] = extension.configure_args
    options["render_as_batch"] = False  # SQLite makes a table anew for a batch, and the triggers on it are gone
    options.setdefault("include_object", is_of_a_model)
    if options.get("process_revision_directives") is None:
        options["process_revision_directives"] = write_no_empty_revision
    with database.engine.connect() as connection:
        context.configure(connection=connection, target_metadata=MODELS, **options)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_offline()
else:
    run_online()
