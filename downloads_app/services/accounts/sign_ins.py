"""One sign-in each: the family of its tokens, from the password to the last refresh.

Code that issues a token locks the user's row. Code that changes the validity of tokens (password, disabling) locks it
too. So a token is either issued before such a change and refused after it, or it is not issued.
"""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, case, delete, func, select

from downloads_app.config import Settings
from downloads_app.errors import NotAuthenticated
from downloads_app.extensions import db
from downloads_app.models import Act, RevokedToken, SignIn, User, new_id, utc_now
from downloads_app.services import audit
from downloads_app.services.accounts import tokens
from downloads_app.services.accounts.tokens import TokenPair, VerifiedToken
from downloads_app.services.audit import Account, Actor, Thing
from downloads_app.services.database.clock import shared_now
from downloads_app.services.database.counting import are_at_least
from downloads_app.services.database.inserts import insert_into
from downloads_app.services.database.locks import hold_user
from downloads_app.services.database.session import change_rows
from downloads_app.services.rights import REVOKED

GRACE_SECONDS = 10
"""How long after its exchange a refresh token can be used again, because several tabs of one browser share it."""
WRONG = "Wrong user name or password"
ENDED = "The session has reached its age; sign in again"
MAX_CLIENT_LENGTH = 200
MAX_SIGN_INS = 1000
"""Sign-ins of one user at a time; the next one ends the sign-in that was unused for the longest time."""
MAX_ENDED = 20_000
"""Ended sign-ins of one user that are remembered, each until its last token has expired; one more ends all others."""
FORGOTTEN_AT_A_TIME = 5_000
_TICK = timedelta(microseconds=1)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Client:
    """From where somebody signs in."""

    address: str | None = None
    name: str | None = None
    """What the client calls itself (`User-Agent`)."""


NOBODY = Client()


def begin(
    settings: Settings, user_id: str, password_hash: str, client: Client = NOBODY, how: str = "with a password"
) -> TokenPair:
    """Issue the first tokens, to a client that has just proved the password of `password_hash`; commits.

    Raises NotAuthenticated if the user's password has changed meanwhile, or the user is disabled or deleted.
    """
    user = hold_user(user_id)
    if user is None or user.is_disabled or user.password_hash != password_hash:
        db.session.rollback()
        raise NotAuthenticated(WRONG)
    _forget_oldest_ended(user)
    moment = _moment_for(user)
    sign_in = SignIn(
        id=new_id(),
        user_id=user.id,
        created_at=moment,
        issued_at=moment,
        rotated_at=shared_now(),
        expires_at=moment,
        refresh_id=new_id(),
        address=client.address,
        client=(client.name or "")[:MAX_CLIENT_LENGTH] or None,
    )
    db.session.add(sign_in)
    _end_oldest(settings, user)
    log.info("sign-in of user %s from %s", user.id, client.address)
    _note(Act.SIGNED_IN, user, sign_in.id, client.address, how)
    return _issue(settings, user, sign_in, moment)


def renew(settings: Settings, token: VerifiedToken, address: str | None = None) -> TokenPair:
    """Exchange a refresh token for new tokens of its sign-in; commits.

    If a token comes again later than GRACE_SECONDS after its exchange, two clients have it, and one of them is a
    thief. Then the sign-in ends. Raises NotAuthenticated.
    """
    user = hold_user(token.user_id)
    if user is None or tokens.refusal_for(token, user) == REVOKED:
        db.session.rollback()
        raise NotAuthenticated(REVOKED)
    sign_in = db.session.get(SignIn, token.family) or _adopt(token)
    moment = _moment_for(user)
    if moment >= _end_of(settings, sign_in):
        db.session.rollback()
        raise NotAuthenticated(ENDED)
    if not _take(sign_in, token, shared_now()):
        log.warning("a refresh token of user %s came a second time: its sign-in is ended", user.id)
        end(settings, token, address, "its refresh token came a second time")
        raise NotAuthenticated(REVOKED)
    return _issue(settings, user, sign_in, moment)


def end(settings: Settings, token: VerifiedToken, address: str | None = None, detail: str = "signed out") -> None:
    """Refuse all tokens of a sign-in from now on; commits. `address`: from where, for the audit, and `detail`: why.

    A sign-in that is over already is not noted again: its tokens may come as often as somebody likes.
    """
    user = hold_user(token.user_id)
    if user is None:
        db.session.rollback()
        return
    mine = SignIn.id == token.family
    known_until = db.session.scalar(select(SignIn.expires_at).where(mine))
    if known_until is not None or tokens.refusal_for(token, user) != REVOKED:
        _note(Act.SESSION_ENDED, user, token.family, address, detail)
        log.info("sign-out of user %s", token.user_id)
    db.session.execute(delete(SignIn).where(mine))
    tokens.revoke(settings, token, known_until)


def end_all(user: User) -> None:
    """Refuse all tokens issued to a user so far, also by machines with other clocks; the caller has locked the row."""
    newest = db.session.scalar(select(func.max(SignIn.issued_at)).where(SignIn.user_id == user.id))
    log.info("all sessions of user %s end", user.id)
    known = [time + _TICK for time in (newest, user.tokens_valid_from) if time]
    user.tokens_valid_from = max([utc_now(), *known])
    db.session.execute(delete(SignIn).where(SignIn.user_id == user.id))


def refuse(settings: Settings, *which: ColumnElement[bool]) -> int:
    """Refuse all tokens of the sign-ins that match from now on; return how many. Their user's row is held."""
    last = utc_now() + max(tokens.life_of(settings, "access"), tokens.life_of(settings, "refresh"))
    expires_at = case((SignIn.expires_at > last, SignIn.expires_at), else_=last)
    refused = select(SignIn.id, SignIn.user_id, expires_at).where(*which)
    revoke = insert_into(RevokedToken).from_select(("id", "user_id", "expires_at"), refused)
    db.session.execute(revoke.on_conflict_do_nothing())
    return change_rows(delete(SignIn).where(*which))


def _note(act: Act, user: User, sign_in_id: str, address: str | None, detail: str) -> None:
    by = Actor(user.username, user.id, address, is_trusted=user.is_admin)
    audit.note(act, by, Account.of(user), Thing("session", sign_in_id), detail=detail)


def _end_oldest(settings: Settings, user: User) -> None:
    """Make room for one more sign-in; the caller has locked the user's row."""
    mine = select(SignIn.id).where(SignIn.user_id == user.id).order_by(SignIn.issued_at.desc())
    with db.session.no_autoflush:
        surplus = db.session.scalars(mine.offset(MAX_SIGN_INS - 1)).all()
    if surplus:
        refuse(settings, SignIn.id.in_(surplus))


def _forget_oldest_ended(user: User) -> None:
    """Make room on the list of revoked tokens; the caller has locked the user's row.

    What is forgotten must stay refused. So all tokens issued to the user so far are refused by their age.
    """
    mine = RevokedToken.user_id == user.id
    if not are_at_least(MAX_ENDED, mine):
        return
    log.warning("user %s has signed in and out %d times within the life of a token", user.id, MAX_ENDED)
    end_all(user)
    oldest = select(RevokedToken.id).where(mine).order_by(RevokedToken.expires_at).limit(FORGOTTEN_AT_A_TIME)
    change_rows(delete(RevokedToken).where(RevokedToken.id.in_(oldest)))


def _moment_for(user: User) -> datetime:
    """Return the present time. If another machine's clock is ahead, return the first time at which a token is valid."""
    return max(utc_now(), user.tokens_valid_from or utc_now())


def _end_of(settings: Settings, sign_in: SignIn) -> datetime:
    return sign_in.created_at + timedelta(seconds=settings.session_seconds)


def _issue(settings: Settings, user: User, sign_in: SignIn, moment: datetime) -> TokenPair:
    """Make a pair of tokens, whose refresh token becomes the valid one; both end with the sign-in. Commits."""
    pair = tokens.issue_pair(
        settings, user, sign_in.id, sign_in.refresh_id, issued_at=moment, ends_at=_end_of(settings, sign_in)
    )
    sign_in.issued_at = moment
    sign_in.expires_at = min(_end_of(settings, sign_in), moment + tokens.life_of(settings, "refresh"))
    db.session.commit()
    return pair


def _take(sign_in: SignIn, token: VerifiedToken, moment: datetime) -> bool:
    """Note that a refresh token is exchanged now; False for one that was exchanged too long ago.

    `moment` is the database's: tabs may reach machines whose clocks differ by more than GRACE_SECONDS.
    """
    if token.token_id == sign_in.previous_refresh_id:
        return moment - sign_in.rotated_at <= timedelta(seconds=GRACE_SECONDS)
    is_newer = token.issued_at > sign_in.issued_at.timestamp()  # issued by a process of the version before
    if token.token_id != sign_in.refresh_id and not is_newer:
        return False
    sign_in.previous_refresh_id, sign_in.refresh_id = token.token_id, new_id()
    sign_in.rotated_at = moment
    return True


def _adopt(token: VerifiedToken) -> SignIn:
    """Make the row of a sign-in that has none: its tokens are of the version before, or of the library itself."""
    began = datetime.fromtimestamp(token.issued_at, UTC)
    is_spent = bool(tokens.find_revoked(token.token_id))
    sign_in = SignIn(
        id=token.family,
        user_id=token.user_id,
        created_at=began,
        issued_at=began + _TICK,
        rotated_at=began,
        expires_at=began,
        refresh_id=new_id() if is_spent else token.token_id,
    )
    db.session.add(sign_in)
    return sign_in
