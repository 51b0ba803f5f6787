"""Changes of a user's row: one or several at once, in one transaction with what the audit says of them."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from downloads_app.errors import InvalidInput, NotFound
from downloads_app.extensions import db
from downloads_app.models import Act, User
from downloads_app.services import audit
from downloads_app.services.accounts import keys, sign_ins
from downloads_app.services.accounts.admins import hold_admins, keep_an_admin
from downloads_app.services.audit import NOBODY, Account, Actor, Thing
from downloads_app.services.database.locks import hold_user

MAX_QUOTA_BYTES = (1 << 63) - 1
"""What a column of either database holds."""


class Unchanged(Enum):
    """Says that a quota stays as it is; None already means the general one."""

    TOKEN = 0


UNCHANGED: Final = Unchanged.TOKEN


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be another of a user; what is None stays."""

    password_hash: str | None = None
    """Of a password that somebody else knows, so that the user has to change it first."""
    is_admin: bool | None = None
    is_disabled: bool | None = None
    quota_bytes: int | Unchanged | None = UNCHANGED
    """None: the general one."""


def change(user: User, wanted: Change, *, by: Actor = NOBODY) -> User:
    """Make all changes or none of them; return the user. Raises NotFound, InvalidInput, Conflict for the last admin.

    What is on the disk stays when the quota changes; running downloads that would pass the new one wait within seconds.
    A disabled user's tokens and API keys stop working and their downloads pause. Earlier tokens and keys stay refused
    when the user is enabled again: a stolen one may be why they were disabled.
    """
    from downloads_app.services.downloads import lifecycle

    _check_quota(wanted)
    held = _hold(user, wanted)
    if wanted.is_admin is False or wanted.is_disabled:
        keep_an_admin(held)  # before anything is changed
    if wanted.password_hash is not None:
        replace_password(held, wanted.password_hash, Act.PASSWORD_SET, must_change=True, by=by)
    if not isinstance(wanted.quota_bytes, Unchanged):
        _set_quota(held, wanted.quota_bytes, by)
    if wanted.is_admin is not None:
        _set_admin(held, wanted.is_admin, by)
    if wanted.is_disabled is not None:
        _set_disabled(held, wanted.is_disabled, by)
    db.session.commit()
    if wanted.is_disabled:
        lifecycle.pause_all_of_user(held)
    return held


def replace_password(user: User, password_hash: str, act: Act, *, must_change: bool, by: Actor) -> None:
    """Store a hash; tokens issued before are refused from now on. The user's row is held, and nothing is committed."""
    user.password_hash, user.must_change_password = password_hash, must_change
    sign_ins.end_all(user)
    note(act, user, by)


def note(act: Act, user: User, by: Actor, detail: str | None = None) -> None:
    """Write into the audit what happened to a user; commits nothing."""
    audit.note(act, by, Account.of(user), Thing("user", user.id, user.username), detail=detail)


def _check_quota(wanted: Change) -> None:
    quota = wanted.quota_bytes
    if isinstance(quota, int) and not 0 <= quota <= MAX_QUOTA_BYTES:
        raise InvalidInput(f"A quota is 0 to {MAX_QUOTA_BYTES} bytes", {"quota_bytes": "not a quota"})


def _hold(user: User, wanted: Change) -> User:
    """Lock the user's row, and those of the admins where the change decides who is one. Raises NotFound."""
    if wanted.is_admin is not None or wanted.is_disabled is not None:
        hold_admins(user)
        return user
    username, held = user.username, hold_user(user.id)
    if held is None:
        db.session.rollback()
        raise NotFound(f"There is no user {username!r}")
    return held


def _set_quota(user: User, quota_bytes: int | None, by: Actor) -> None:
    user.quota_bytes = quota_bytes
    note(Act.USER_QUOTA_SET, user, by, "the general one" if quota_bytes is None else f"{quota_bytes} bytes")


def _set_admin(user: User, is_admin: bool, by: Actor) -> None:
    if is_admin != user.is_admin:
        note(Act.USER_PROMOTED if is_admin else Act.USER_DEMOTED, user, by)
    user.is_admin = is_admin


def _set_disabled(user: User, is_disabled: bool, by: Actor) -> None:
    if is_disabled != user.is_disabled:
        sign_ins.end_all(user)
        note(Act.USER_DISABLED if is_disabled else Act.USER_ENABLED, user, by)
    if is_disabled:
        keys.revoke_all(user, by=by, detail="its owner was disabled")
    user.is_disabled = is_disabled
