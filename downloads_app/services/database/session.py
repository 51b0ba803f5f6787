"""The session of a request, and its database connection."""

from typing import Any, cast

from sqlalchemy import CursorResult, Delete, Update
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError

from downloads_app.extensions import db

ROW_IS_GONE = (ObjectDeletedError, StaleDataError)
"""Raised where an object of the session is read or changed whose row somebody else has deleted meanwhile."""


def change_rows(statement: Update | Delete) -> int:
    """Change rows within the session's transaction, and return how many. Objects that were read before stay as read."""
    result = db.session.execute(statement, execution_options={"synchronize_session": False})
    return cast("CursorResult[Any]", result).rowcount


def give_connection_back() -> None:
    """Release the connection until the next query; changes that are not committed are lost."""
    db.session.rollback()
