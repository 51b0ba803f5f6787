"""API keys: made, listed and revoked.

A key stays good when its owner's password changes, as at other services: programs go on. Disabling its owner revokes
it, since a stolen key may be why they are disabled. A revoked key has no row any more. For an hour its id is on the
list of revoked tokens, where open streams find it.
"""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import joinedload

from downloads_app.errors import Conflict, InvalidInput, NotFound, TooMany
from downloads_app.extensions import db
from downloads_app.models import Act, ApiKey, RevokedToken, User, new_id, utc_now
from downloads_app.services import audit
from downloads_app.services.accounts import key_form, sign_ins
from downloads_app.services.accounts.tokens import FOREVER
from downloads_app.services.audit import Account, Actor, Thing
from downloads_app.services.database.clock import CLOCKS_APART_SECONDS, database_now, shared_now
from downloads_app.services.database.counting import are_at_least
from downloads_app.services.database.locks import hold_user
from downloads_app.services.database.session import change_rows
from downloads_app.services.pages import Filter, Page, Wanted, fetch
from downloads_app.services.references import find_one

SCOPES = ("read", "write")
MAX_KEYS = 100
"""Keys of one user. Expired ones give way."""
MAX_NAME_LENGTH = 80
REVOCATION_KEPT_SECONDS = 3600
"""Every snapshot reads a revocation long before this, and nobody can begin to use a key that has no row."""


def create_key(
    user_id: str, name: str, scopes: Iterable[str], expires_at: datetime | None = None, *, by: Actor
) -> tuple[ApiKey, str]:
    """Make a key and return its row, and the key itself, which nobody is shown again; commits.

    Raises InvalidInput, NotFound for a user that is gone, Conflict for a disabled one or one with MAX_KEYS keys,
    TooMany for one who has just revoked very many.
    """
    wanted = _check(name, scopes, expires_at)
    user = hold_user(user_id)
    if user is None or user.is_disabled:
        db.session.rollback()
        raise NotFound("There is no such user any more") if user is None else Conflict("The user is disabled")
    _make_room(user, by)
    raw = key_form.make_key()
    key = ApiKey(
        id=new_id(),
        user_id=user.id,
        name=name,
        digest=key_form.digest_of(raw),
        hint=raw[: key_form.HINT_LENGTH],
        can_read="read" in wanted,
        can_write="write" in wanted,
        created_at=utc_now(),
        expires_at=expires_at,
    )
    db.session.add(key)
    db.session.flush()
    audit.note(Act.KEY_CREATED, by, Account.of(user), _thing(key), detail=", ".join(key.scopes))
    db.session.commit()
    return key, raw


def page_of_keys(wanted: Wanted, user_id: str, ids: Sequence[str] = ()) -> Page[ApiKey]:
    """Return one page of a user's keys."""
    return fetch(ApiKey, wanted, Filter({"user_id": user_id}, {"id": ids}), [joinedload(ApiKey.user)])


def list_keys(user_id: str | None = None) -> Sequence[ApiKey]:
    """Return all keys of a user, or of everybody, the newest first."""
    query = select(ApiKey).options(joinedload(ApiKey.user)).order_by(ApiKey.created_at.desc(), ApiKey.id)
    return db.session.scalars(query if user_id is None else query.where(ApiKey.user_id == user_id)).all()


def find_key(reference: str) -> ApiKey:
    """Return the key with that id, or the only one whose id begins with it; raises NotFound, Conflict."""
    return find_one(select(ApiKey), ApiKey.id, reference, "API key")


def revoke_key(key_id: str, owner_id: str | None, *, by: Actor) -> ApiKey:
    """Refuse a key from now on, its open streams too; commits. Raises NotFound.

    `owner_id`: whose it has to be; None: anybody's.
    """
    of_key = select(ApiKey).where(ApiKey.id == key_id)
    found = db.session.scalar(of_key)
    if found is None or owner_id not in (None, found.user_id):
        raise NotFound(f"There is no API key {key_id}")
    user = hold_user(found.user_id)
    revoked = revoke_all(user, of_key, by=by) if user else []
    if not revoked:
        db.session.rollback()
        raise NotFound(f"There is no API key {key_id}")
    db.session.commit()
    return revoked[0]


def revoke_all(
    user: User, which: Select[ApiKey] | None = None, *, by: Actor, detail: str | None = None
) -> Sequence[ApiKey]:
    """Refuse all keys of a user, or those that a query finds; the user's row is held, and nothing is committed."""
    query = select(ApiKey).where(ApiKey.user_id == user.id) if which is None else which
    keys = db.session.scalars(query, execution_options={"populate_existing": True}).all()
    until = utc_now() + timedelta(seconds=REVOCATION_KEPT_SECONDS)
    for key in keys:
        db.session.add(RevokedToken(id=key.id, user_id=key.user_id, expires_at=until))
        db.session.delete(key)
        audit.note(Act.KEY_REVOKED, by, Account.of(user), _thing(key), detail=detail)
    return keys


def _check(name: str, scopes: Iterable[str], expires_at: datetime | None) -> set[str]:
    """Return the scopes; raises InvalidInput."""
    wanted = set(scopes)
    if not name.strip() or not name.isprintable() or len(name) > MAX_NAME_LENGTH:
        fault = f"1 to {MAX_NAME_LENGTH} printable characters"
        raise InvalidInput(f"This cannot be a key's name: it has not {fault}", {"name": fault})
    if not wanted or not wanted <= set(SCOPES):
        raise InvalidInput("A key has the scope read, write, or both", {"scopes": "read, write, or both"})
    if expires_at is not None and not utc_now() < expires_at <= FOREVER:
        raise InvalidInput("A key expires in the future, before the year 9999", {"expires_at": "out of range"})
    return wanted


def _make_room(user: User, by: Actor) -> None:
    """Let expired keys give way to a new one; raises Conflict where there are too many others. The row is held.

    Raises TooMany for somebody who has made and revoked keys so often that the list of revoked tokens is full of them.
    """
    if wait_seconds := _wait_to_end_more(user):
        db.session.rollback()
        raise TooMany("Too many keys of yours were revoked lately; wait", retry_after_seconds=wait_seconds)
    mine = ApiKey.user_id == user.id
    count = db.session.scalar(select(func.count()).where(mine)) or 0
    if count < MAX_KEYS:
        return
    expired = select(ApiKey).where(mine, ApiKey.expires_at <= utc_now()).order_by(ApiKey.expires_at)
    if not revoke_all(user, expired.limit(count - MAX_KEYS + 1), by=by, detail="expired; made room for a new one"):
        db.session.rollback()
        raise Conflict(f"{MAX_KEYS} API keys are the most that a user can have: revoke one first")


def _wait_to_end_more(user: User) -> int:
    """Return after how many seconds the list of revoked tokens has room for one more of this user; 0 if it has now.

    Removes what housekeeping would: a worker does that only now and then. Commits nothing.
    """
    mine = RevokedToken.user_id == user.id
    if not are_at_least(sign_ins.MAX_ENDED, mine):
        return 0
    is_over = RevokedToken.expires_at < database_now(-CLOCKS_APART_SECONDS)
    over = select(RevokedToken.id).where(mine, is_over).limit(sign_ins.FORGOTTEN_AT_A_TIME)
    change_rows(delete(RevokedToken).where(RevokedToken.id.in_(over)))
    latest = select(RevokedToken.expires_at).where(mine).order_by(RevokedToken.expires_at.desc())
    goes_next = db.session.scalar(latest.offset(sign_ins.MAX_ENDED - 1).limit(1))
    if goes_next is None:
        return 0
    goes_at = goes_next + timedelta(seconds=CLOCKS_APART_SECONDS)
    return max(0, math.ceil((goes_at - shared_now()).total_seconds())) + 1


def _thing(key: ApiKey) -> Thing:
    return Thing("key", key.id, key.name)
