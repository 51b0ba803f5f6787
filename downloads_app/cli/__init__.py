"""Door 3: the `flask` commands. Thin: they read arguments, call a service, print."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the command groups."""
