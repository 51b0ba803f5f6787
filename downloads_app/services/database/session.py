"""The session of a request, and its database connection."""

from sqlalchemy.orm.exc import ObjectDeletedError

from downloads_app.extensions import db

RowIsGone = ObjectDeletedError
"""Raised where an object of the session is used whose row somebody else has deleted meanwhile."""


def give_connection_back() -> None:
    """Release the connection until the next query; changes that are not committed are lost."""
    db.session.rollback()
