"""The session of a request, and its database connection."""

from downloads_app.extensions import db


def give_connection_back() -> None:
    """Release the connection until the next query; changes that are not committed are lost."""
    db.session.rollback()
