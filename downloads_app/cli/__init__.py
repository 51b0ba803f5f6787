"""Door 3: the `flask` commands. They only read arguments, call a service and print."""

from flask import Flask
from flask_migrate.cli import db as migrations

from downloads_app.cli import downloads, inspecting, providers, queue, quotas, users, watch, worker, workers  # noqa: F401  (they add commands)
from downloads_app.cli.groups import adopt

adopt(migrations)


def init_app(app: Flask) -> None:
    """Register the command groups."""
    app.cli.add_command(users.group)
    app.cli.add_command(providers.group)
    app.cli.add_command(downloads.group)
    app.cli.add_command(queue.group)
    app.cli.add_command(workers.group)
