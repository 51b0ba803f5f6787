"""The group `db` of Flask-Migrate. It reports errors as our commands do."""

from flask_migrate.cli import db as group

from downloads_app.cli.groups import adopt


def report_errors() -> None:
    """Let the group report errors as ours do."""
    adopt(group)
