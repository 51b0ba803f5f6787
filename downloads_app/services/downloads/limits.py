"""How many downloads a user may have: rows in all, and active ones. The caller has locked the user's row."""

from downloads_app.errors import Conflict
from downloads_app.models import ACTIVE, Download
from downloads_app.services.database.counting import are_at_least


def refuse_too_many_active(user_id: str, most: int) -> None:
    """Raise Conflict, naming the limit, where a user has as many active downloads as they may."""
    if are_at_least(most, Download.user_id == user_id, Download.status.in_(ACTIVE)):
        raise Conflict(f"{most} downloads are active, the most for a user (MAX_ACTIVE_DOWNLOADS_PER_USER)")


def refuse_too_many_rows(user_id: str, most: int) -> None:
    """Raise Conflict, naming the limit, where a user's list of downloads is full."""
    if are_at_least(most, Download.user_id == user_id):
        raise Conflict(f"{most} downloads are in the list, the most for a user; delete some (MAX_DOWNLOADS_PER_USER)")
