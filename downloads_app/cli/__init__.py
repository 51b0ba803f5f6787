"""Entry point 3: the `flask` commands. They only read arguments, call a service and print."""

from flask import Flask

from downloads_app.cli.loading import Groups


def init_app(app: Flask) -> None:
    """Give the application its groups of commands."""
    app.cli = Groups(app.name)
