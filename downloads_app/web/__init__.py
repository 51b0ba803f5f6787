"""Door 1: everything that speaks HTTP."""

from flask import Flask


def init_app(app: Flask) -> None:
    """Register the blueprints and the error handlers."""
