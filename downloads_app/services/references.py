"""Finds a row as commands name it: by its id, or by the beginning of its id."""

import re
from typing import Any, TypeVar

from sqlalchemy import Select, String, cast

from downloads_app.errors import Conflict, NotFound
from downloads_app.extensions import db

T = TypeVar("T")
SHORT_ID_LENGTH = 8
"""How much of an id people are shown: enough to tell the rows of a list apart, and to name one of them."""
_ID_PREFIX = re.compile(r"[0-9a-f-]{1,36}")
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def find_one(query: Select[T], id_column: Any, reference: str, what: str) -> T:
    """Return the row of a query with that id, or the only one whose id begins with it.

    `what` names such a row in the errors: NotFound, or Conflict if several ids begin with it.
    """
    prefix = reference.strip().lower()
    if not _ID_PREFIX.fullmatch(prefix):
        raise _not_found(reference, what)
    matching = id_column == prefix if _ID.fullmatch(prefix) else cast(id_column, String).like(f"{prefix}%")
    found = db.session.scalars(query.where(matching).order_by(id_column).limit(2)).all()
    if not found:
        raise _not_found(reference, what)
    if len(found) > 1:
        raise Conflict(f"Several {what}s begin with {reference!r}; give more of the id")
    return found[0]


def _not_found(reference: str, what: str) -> NotFound:
    return NotFound(f"There is no {what} {reference[:100]!r}")
