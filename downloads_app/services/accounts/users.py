"""Users: creating, finding, changing and removing them."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError

from downloads_app.config import Settings
from downloads_app.errors import Conflict, InvalidInput, NotFound
from downloads_app.extensions import db
from downloads_app.models import Act, Download, User, new_id
from downloads_app.services.accounts import changes, tokens
from downloads_app.services.accounts.admins import hold_admins, keep_an_admin
from downloads_app.services.accounts.changes import Change
from downloads_app.services.accounts.passwords import hash_password
from downloads_app.services.audit import NOBODY, Actor
from downloads_app.services.audit.actor import COMMAND_LINE_NAME
from downloads_app.services.database.clock import database_now
from downloads_app.services.database.locks import hold_user
from downloads_app.services.files import folders
from downloads_app.services.files.blocking import run_blocking
from downloads_app.services.names import FOLDER_NAME
from downloads_app.services.pages import Filter, Page, Wanted, fetch
from downloads_app.services.removal import remove_rows

_TAKEN = "A user named {!r} exists already"


def create_user(
    downloads_dir: Path, username: str, password: str, is_admin: bool = False, *, by: Actor = NOBODY
) -> User:
    """Create a user; raises InvalidInput, or Conflict where the name is taken or has files."""
    return add_user(downloads_dir, username, hash_password(password, username), is_admin, by=by)


def add_user(
    downloads_dir: Path,
    username: str,
    password_hash: str,
    is_admin: bool = False,
    *,
    must_change: bool = False,
    by: Actor = NOBODY,
) -> User:
    """Create a user with a hash made elsewhere (in a thread); raises like `create_user`.

    `must_change`: somebody else knows the password, so that it has to be changed first.
    """
    user = draft_user(downloads_dir, username, password_hash, is_admin, must_change=must_change)
    db.session.add(user)
    try:
        db.session.flush()
        changes.note(Act.USER_CREATED, user, by, user.role)
        db.session.commit()
    except IntegrityError as exc:
        db.session.rollback()
        raise Conflict(_TAKEN.format(username)) from exc
    return user


def draft_user(
    downloads_dir: Path, username: str, password_hash: str, is_admin: bool = False, *, must_change: bool = False
) -> User:
    """Return a user who is not in the database yet; raises like `check_new_name`."""
    check_new_name(downloads_dir, username)
    return User(
        id=new_id(), username=username, password_hash=password_hash, is_admin=is_admin, must_change_password=must_change
    )


def check_new_name(downloads_dir: Path, username: str) -> None:
    """Raise InvalidInput for what is no name, Conflict where it is taken or an earlier user of that name has files."""
    if not FOLDER_NAME.fullmatch(username) or username == COMMAND_LINE_NAME:
        raise InvalidInput(
            f"{username[:120]!r} is not a user name: 1 to 80 of a-z A-Z 0-9 . _ @ -, starting with a letter or digit; "
            f"and not {COMMAND_LINE_NAME}, which the audit calls the command line",
            {"username": "not a user name"},
        )
    if exists_named(username):  # asked before the folder: that of a user who is there must not be removed
        raise Conflict(_TAKEN.format(username))
    if run_blocking(os.path.lexists, folders.folder_of_name(downloads_dir, username)):
        raise Conflict(
            f"The folder of an earlier user {username!r} is still there, and its files would be the new one's: "
            "remove or rename it first"
        )


def find_user(username: str) -> User:
    """Return the user of that name; raises NotFound."""
    user: User | None = db.session.scalar(select(User).where(User.username == username))
    if user is None:
        raise NotFound(f"There is no user {username!r}")
    return user


def exists_named(username: str) -> bool:
    """Whether some user has that name."""
    return bool(db.session.scalar(select(exists().where(User.username == username))))


def get_user(user_id: str) -> User:
    """Return the user of that id; raises NotFound."""
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound(f"There is no user {user_id}")
    return user


def find_hash(username: str) -> tuple[str | None, str | None]:
    """Return the id and password hash of a user who may sign in; else (None, None), without a reason."""
    query = select(User.id, User.password_hash).where(User.username == username, ~User.is_disabled)
    row = db.session.execute(query).first()
    return (row[0], row[1]) if row else (None, None)


def list_users() -> list[User]:
    """Return all users by name."""
    return list(db.session.scalars(select(User).order_by(User.username)))


def page_of_users(wanted: Wanted, having: Mapping[str, str | bool], ids: Sequence[str] = ()) -> Page[User]:
    """Return one page of the users that match all filters: `username`, `is_admin`, `is_disabled`."""
    return fetch(User, wanted, Filter(having, {"id": ids}))


def set_password(user: User, password: str, *, by: Actor = NOBODY) -> None:
    """Change a password; every token issued before is refused from now on."""
    set_password_hash(user.id, hash_password(password, user.username), by=by)


def set_password_hash(
    user_id: str,
    password_hash: str,
    *,
    instead_of: str | None = None,
    must_change: bool = False,
    by: Actor = NOBODY,
) -> User:
    """Store a hash made elsewhere (in a thread); tokens issued before are refused from now on, API keys stay good.

    `instead_of`: the hash of the password that the caller has proved. Raises NotFound, or Conflict if the user has
    another hash now, because somebody else has changed the password meanwhile.
    """
    user = hold_user(user_id)
    if user is None or (instead_of is not None and user.password_hash != instead_of):
        db.session.rollback()
        if user is None:
            raise NotFound("There is no such user any more")
        raise Conflict("The password has been changed meanwhile")
    act = Act.PASSWORD_CHANGED if instead_of is not None else Act.PASSWORD_SET
    changes.replace_password(user, password_hash, act, must_change=must_change, by=by)
    db.session.commit()
    return user


def set_disabled(user: User, is_disabled: bool, *, by: Actor = NOBODY) -> None:
    """Disable or enable a user; see `changes`."""
    changes.change(user, Change(is_disabled=is_disabled), by=by)


def set_admin(user: User, is_admin: bool, *, by: Actor = NOBODY) -> None:
    """Promote or demote a user."""
    changes.change(user, Change(is_admin=is_admin), by=by)


def set_quota(user: User, quota_bytes: int | None, *, by: Actor = NOBODY) -> None:
    """Give a user a quota of their own; None: the general one. Raises InvalidInput, or NotFound for one just gone."""
    changes.change(user, Change(quota_bytes=quota_bytes), by=by)


def close(downloads_dir: Path, user: User, *, by: Actor = NOBODY) -> Path:
    """Disable a user so that their files can be removed; return the folder that holds them.

    Raises Conflict while a worker may still write into it: it lets go within a second.
    """
    set_disabled(user, True, by=by)
    held = (Download.user_id == user.id, Download.worker_id.is_not(None), Download.lease_expires_at >= database_now())
    if db.session.scalar(select(exists().where(*held))):
        raise Conflict(f"{user.username!r} is disabled now, but a worker is just stopping a download; try again")
    folder = folders.folder_of_user(downloads_dir, user)
    db.session.commit()
    return folder


def delete_user(user: User, *, by: Actor = NOBODY) -> None:
    """Delete a user with their downloads' rows and API keys; their files are not touched."""
    hold_admins(user)
    keep_an_admin(user)
    db.session.commit()
    remove_rows(Download.user_id == user.id)
    hold_admins(user)
    keep_an_admin(user)  # others may have gone meanwhile
    changes.note(Act.USER_DELETED, user, by)
    db.session.delete(user)
    db.session.commit()


def issue_token(settings: Settings, user: User, expires_seconds: int | None = None, *, by: Actor = NOBODY) -> str:
    """Issue an access token; raises Conflict for a disabled user, whom it would not serve."""
    held = hold_user(user.id)
    if held is None or held.is_disabled:
        db.session.rollback()
        raise Conflict(f"{user.username!r} is disabled")
    raw = tokens.issue_access(settings, held, expires_seconds)
    life_seconds = settings.access_token_seconds if expires_seconds is None else expires_seconds
    changes.note(Act.TOKEN_ISSUED, held, by, f"for {life_seconds} s")
    db.session.commit()
    return raw
