"""The group `db` of Flask-Migrate. It reports errors as our commands do."""

from functools import cache

from flask_migrate.cli import db as group

from downloads_app.cli.groups import adopt


@cache
def report_errors() -> None:
    """Let the group report errors as ours do, once: it belongs to the process, which may make several applications."""
    adopt(group)
