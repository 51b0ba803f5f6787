"""The rule that one enabled admin always remains."""

from sqlalchemy import exists, or_, select

from downloads_app.errors import Conflict, NotFound
from downloads_app.extensions import db
from downloads_app.models import User
from downloads_app.services.database.locks import begin_writing


def hold_admins(user: User) -> None:
    """Let one change at a time decide who is an admin; the lock ends with the transaction. `user` is read anew.

    Raises NotFound where the user has been deleted meanwhile.
    """
    user_id, username = user.id, user.username
    db.session.commit()
    begin_writing()
    concerned = select(User.id).where(or_(User.is_admin, User.id == user_id)).order_by(User.id)
    db.session.execute(concerned.with_for_update())
    if db.session.get(User, user_id, populate_existing=True) is None:
        db.session.rollback()
        raise NotFound(f"There is no user {username!r}")


def keep_an_admin(user: User) -> None:
    """Refuse to take the last enabled admin; the rows are held."""
    if not user.is_admin or user.is_disabled:
        return
    others = exists().where(User.is_admin, ~User.is_disabled, User.id != user.id)
    if not db.session.scalar(select(others)):
        username = user.username
        db.session.rollback()
        raise Conflict(f"{username!r} is the last admin")
