"""Users as an identity provider knows them: who may come in, under which name, and who is an admin.

An identity is found by issuer and `sub` alone (OpenID Connect Core 1.0, section 5.7). A name, which its bearer may
choose, never leads to a user who is there already.
"""

import logging
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from downloads_app.config import Settings
from downloads_app.errors import Conflict, InvalidInput, NotAllowed
from downloads_app.extensions import db
from downloads_app.models import Act, Identity, User
from downloads_app.services import audit
from downloads_app.services.accounts import changes, sign_ins, users
from downloads_app.services.accounts.passwords import NO_HASH
from downloads_app.services.audit import IDENTITY_PROVIDER, NOBODY, Account, Actor, Thing
from downloads_app.services.database.locks import hold_user
from downloads_app.services.names import FOLDER_NAME

MAX_LENGTH = 255
"""Of an issuer and of a subject; OpenID Connect allows a `sub` of 255 ASCII characters."""

_REFUSALS: dict[type[Exception], str] = {
    NotAllowed: "no account here, or a disabled one",
    Conflict: "the name is somebody else's here",
    InvalidInput: "the name cannot be one here",
}

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Proven:
    """Who somebody is, as a provider's signed answer says."""

    issuer: str
    subject: str
    username: str | None
    """The name that the provider proposes; anybody may have chosen it."""
    is_admin: bool | None
    """None: the provider does not decide it."""


def is_well_formed(part: str) -> bool:
    """Whether it can be an issuer or a subject: what a database can store, and what can be shown in one line."""
    return 0 < len(part) <= MAX_LENGTH and part.isprintable()


def admit(settings: Settings, proven: Proven, address: str | None = None) -> User:
    """Return the user of an identity; make one where there is none and AUTH_CREATE_USERS is on; set the role. Commits.

    Raises NotAllowed for somebody without an account here and for a disabled user, Conflict where the proposed name
    is taken, InvalidInput where it cannot be a name. The audit tells of a refusal, with the client's `address`.
    """
    try:
        return _admit(settings, proven)
    except (NotAllowed, Conflict, InvalidInput) as exc:
        db.session.rollback()
        user = _find(proven)
        account = Account.of(user) if user else None
        detail = f"at {proven.issuer}: {_REFUSALS[type(exc)]}"
        audit.note(Act.SIGN_IN_FAILED, Actor(address=address), account, succeeded=False, detail=detail)
        db.session.commit()
        raise


def _admit(settings: Settings, proven: Proven) -> User:
    user = _find(proven) or _welcome(settings, proven)
    if user.is_disabled:
        raise NotAllowed("This account is disabled")
    if proven.is_admin is not None and proven.is_admin != user.is_admin:
        _set_role(user, proven.is_admin)
    return user


def link(user: User, issuer: str, subject: str, *, by: Actor = NOBODY) -> None:
    """Let an identity sign in as a user who is there already; commits.

    Raises InvalidInput, or Conflict where the identity is somebody's.
    """
    if not (is_well_formed(issuer) and is_well_formed(subject)):
        raise InvalidInput(f"An issuer and a subject have 1 to {MAX_LENGTH} printable characters")
    username = user.username
    identity = Identity(user_id=user.id, issuer=issuer, subject=subject)
    db.session.add(identity)
    try:
        db.session.flush()
        _note(Act.IDENTITY_LINKED, user, identity, by)
        db.session.commit()
    except IntegrityError as exc:
        db.session.rollback()
        raise Conflict(f"This identity is linked already; it cannot be {username!r}'s too") from exc
    log.info("an identity of %s is linked to user %s", issuer, username)


def unlink(user: User, issuer: str, subject: str, *, by: Actor = NOBODY) -> None:
    """Take an identity from a user; their sign-ins end. Commits. Raises Conflict where it is not theirs."""
    held, username = hold_user(user.id), user.username
    theirs = (Identity.user_id == user.id, Identity.issuer == issuer, Identity.subject == subject)
    found = db.session.scalar(select(Identity).where(*theirs))
    if held is None or found is None:
        db.session.rollback()
        raise Conflict(f"This identity is not linked to {username!r}")
    _note(Act.IDENTITY_UNLINKED, held, found, by)
    db.session.delete(found)
    sign_ins.end_all(held)
    db.session.commit()


def list_of(user: User) -> list[Identity]:
    """Return the identities that sign in as a user, oldest first."""
    mine = select(Identity).where(Identity.user_id == user.id).order_by(Identity.created_at, Identity.id)
    return list(db.session.scalars(mine))


def _find(proven: Proven) -> User | None:
    theirs = (Identity.issuer == proven.issuer, Identity.subject == proven.subject)
    user: User | None = db.session.scalar(select(User).join(Identity, Identity.user_id == User.id).where(*theirs))
    return user


def _welcome(settings: Settings, proven: Proven) -> User:
    """Make the user of an identity that comes for the first time, in one transaction with the identity."""
    if not settings.auth_create_users:
        raise NotAllowed(
            f"There is no account here for you yet. Ask an admin for one, and to link it: subject {proven.subject!r}"
        )
    taken = Conflict(
        f"The name {proven.username!r} is taken here. If that account is yours, ask an admin to link it: "
        f"subject {proven.subject!r}"
    )
    name = proven.username or ""
    if FOLDER_NAME.fullmatch(name) and users.exists_named(name):  # refused in words for who signs in
        raise taken
    user = users.draft_user(settings.downloads_dir, name, NO_HASH, is_admin=bool(proven.is_admin))
    try:
        db.session.add(user)
        db.session.flush()  # the identity refers to its row
        db.session.add(Identity(user_id=user.id, issuer=proven.issuer, subject=proven.subject))
        db.session.flush()
        changes.note(Act.USER_CREATED, user, IDENTITY_PROVIDER, user.role)
        db.session.commit()
    except IntegrityError as exc:
        db.session.rollback()
        if found := _find(proven):  # the same person has come in twice at once
            return found
        raise taken from exc
    log.info("user %s is made for an identity of %s", user.id, proven.issuer)
    return user


def _set_role(user: User, is_admin: bool) -> None:
    """Follow the provider; but the last admin stays one, since nobody could mend that."""
    try:
        users.set_admin(user, is_admin, by=IDENTITY_PROVIDER)
    except Conflict as exc:
        log.warning("%s, and stays one, though the identity provider says otherwise", exc.message)


def _note(act: Act, user: User, identity: Identity, by: Actor) -> None:
    thing = Thing("identity", identity.id, identity.subject)
    audit.note(act, by, Account.of(user), thing, detail=f"at {identity.issuer}")
