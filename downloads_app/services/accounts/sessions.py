"""The sign-ins of a user that go on: which there are, and how they are ended from elsewhere."""

import logging
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, select

from downloads_app.config import Settings
from downloads_app.errors import NotFound
from downloads_app.extensions import db
from downloads_app.models import Act, SignIn, User, utc_now
from downloads_app.services import audit
from downloads_app.services.accounts import sign_ins
from downloads_app.services.audit import NOBODY, Account, Actor, Thing
from downloads_app.services.database.locks import hold_user
from downloads_app.services.pages import Filter, Page, Wanted, fetch

log = logging.getLogger(__name__)


def page_of_sign_ins(user_id: str, wanted: Wanted, session_seconds: int, ids: Sequence[str] = ()) -> Page[SignIn]:
    """Return one page of a user's sign-ins whose tokens can still be exchanged for new ones."""
    now = utc_now()
    oldest = now - timedelta(seconds=session_seconds)
    going_on = (SignIn.expires_at > now, SignIn.created_at > oldest)
    return fetch(SignIn, wanted, Filter({"user_id": user_id}, {"id": ids}, going_on))


def end_one(settings: Settings, sign_in_id: str, owner_id: str | None, *, by: Actor = NOBODY) -> None:
    """Refuse all tokens of one sign-in from now on; commits. Raises NotFound.

    `owner_id`: whose it has to be; None: anybody's.
    """
    found = db.session.scalar(select(SignIn.user_id).where(SignIn.id == sign_in_id))
    if found is None or owner_id not in (None, found):
        raise NotFound(f"There is no session {sign_in_id}")
    user = hold_user(found)
    if user is None:
        db.session.rollback()
        raise NotFound(f"There is no session {sign_in_id}")
    _end(settings, user, by, Thing("session", sign_in_id), SignIn.id == sign_in_id)


def end_all_but(settings: Settings, user_id: str, kept_id: str, *, by: Actor = NOBODY) -> None:
    """Refuse all tokens of a user's sign-ins from now on but those of one; commits.

    Tokens that are of no sign-in stay good. Raises NotFound where there is no such user any more.
    """
    user = hold_user(user_id)
    if user is None:
        db.session.rollback()
        raise NotFound("There is no such user any more")
    _end(settings, user, by, Thing("session"), SignIn.user_id == user_id, SignIn.id != kept_id)


def _end(settings: Settings, user: User, by: Actor, thing: Thing, *which: ColumnElement[bool]) -> None:
    """End the sign-ins that match, as they stand now that the user's row is held; commits."""
    user_id = user.id
    ended = sign_ins.refuse(settings, *which)
    if ended:
        many = f"{ended} sessions" if ended > 1 else None
        audit.note(Act.SESSION_ENDED, by, Account.of(user), thing, detail=many)
    db.session.commit()
    log.info("%s sign-ins of user %s are ended", ended, user_id)
