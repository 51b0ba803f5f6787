"""The session of a request, and its database connection."""

from downloads_app.extensions import db


def give_connection_back() -> None:
    """Hold no connection from here on, until the next look at the database; nothing that was changed is kept."""
    db.session.rollback()
