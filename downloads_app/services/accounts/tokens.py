"""Issues, verifies and revokes tokens. Only this module looks up a token's key.

PyJWT is loaded with the first token: it brings `cryptography`. Commands load this module, and seldom need a token.
"""

import hashlib
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import exists, select

from downloads_app.config import JWT_ALGORITHM, Settings
from downloads_app.errors import NotAuthenticated
from downloads_app.extensions import db
from downloads_app.models import RevokedToken, User, new_id, utc_now
from downloads_app.per_app import PerApp
from downloads_app.services.rights import CHANGE_DUE, REVOKED, KeyRights, as_error, refusal_of, state_of

if TYPE_CHECKING:
    from jwt.types import Options

EXPIRED = "Token has expired"
INVALID = "Token is not valid"
REMEMBERED_TOKENS = 50_000
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """The content of a verified token. Its rights are read from its user's row."""

    token_id: str
    family: str
    """Shared by the tokens of one sign-in; a token without one is its own family."""
    user_id: str
    kind: str
    issued_at: float
    """Unix seconds, as is `expires_at`."""
    expires_at: float
    csrf: str | None
    key: KeyRights | None = None
    """What it may do if it is an API key (see `keys`); None for a token."""

    @property
    def revocable_ids(self) -> tuple[str, ...]:
        """Return the ids under which it may be on the list of revoked tokens.

        For a refresh token this is only the family; `sign_ins` knows whether the token itself was exchanged.
        """
        return (self.family,) if self.kind == "refresh" else (self.token_id, self.family)


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a sign-in gives."""

    access: str
    refresh: str


def issue_pair(
    settings: Settings,
    user: User,
    family: str | None = None,
    refresh_id: str | None = None,
    *,
    issued_at: datetime | None = None,
    ends_at: datetime = FOREVER,
) -> TokenPair:
    """Make an access and a refresh token of one family (a new one unless given) that end at `ends_at` at the latest."""
    now = issued_at or utc_now()
    left = ends_at - utc_now()
    lives = {kind: min(life_of(settings, kind), left) for kind in ("access", "refresh")}
    content = {"sub": user.id, "fam": family or new_id(), "iat": now.timestamp()}
    return TokenPair(
        access=_encode(settings, "access", content, lives["access"]),
        refresh=_encode(settings, "refresh", content | {"jti": refresh_id or new_id()}, lives["refresh"]),
    )


def issue_access(settings: Settings, user: User, expires_seconds: int | None = None) -> str:
    """Issue one access token, of the given life or of the configured one."""
    life = life_of(settings, "access") if expires_seconds is None else timedelta(seconds=expires_seconds)
    issued_at = max(utc_now(), user.tokens_valid_from or utc_now())
    return _encode(settings, "access", {"sub": user.id, "fam": new_id(), "iat": issued_at.timestamp()}, life)


def life_of(settings: Settings, kind: str) -> timedelta:
    """Return how long a token of a kind is good."""
    return timedelta(seconds=settings.access_token_seconds if kind == "access" else settings.refresh_token_seconds)


def _encode(settings: Settings, kind: str, content: dict[str, Any], life: timedelta) -> str:
    """Sign a token. What stands in it is what flask-jwt-extended puts there, and our family.

    The time of issue has a fraction (RFC 7519 allows one): a password change splits a second.
    """
    import jwt

    from downloads_app.services.accounts import signatures

    now = utc_now()
    common = {"fresh": False, "jti": new_id(), "type": kind, "nbf": now, "csrf": new_id(), "exp": now + life}
    headers = {"kid": signatures.kid_of(settings.jwt_secret_key)}
    return jwt.encode(common | content, settings.jwt_secret_key, JWT_ALGORITHM, headers)


def verify(settings: Settings, raw: str, kind: str = "access") -> VerifiedToken:
    """Return the content of a token that verifies, is of `kind`, and has not expired.

    Revocation and the user's state are not judged here. Raises NotAuthenticated.
    """
    token = _remembered(settings, raw)
    if token.expires_at <= datetime.now(UTC).timestamp():
        raise NotAuthenticated(EXPIRED)
    if token.kind != kind:
        raise NotAuthenticated(INVALID)
    return token


def _no_tokens() -> OrderedDict[bytes, VerifiedToken]:
    return OrderedDict()


_VERIFIED = PerApp(_no_tokens)


def _remembered(settings: Settings, raw: str) -> VerifiedToken:
    """Verify a token once, then recognise it by its digest (a signature costs more than a stream's tick)."""
    memory = _VERIFIED.here()
    digest = hashlib.sha256(raw.encode("utf-8", "surrogateescape")).digest()
    token = memory.get(digest)
    if token is None:
        token = memory[digest] = _decode(settings, raw)
        if len(memory) > REMEMBERED_TOKENS:
            memory.popitem(last=False)
    return token


def identify(settings: Settings, raw: str) -> VerifiedToken:
    """Return the content of a token of any kind that verifies, even an expired one. Raises NotAuthenticated.

    Such a token proves whose sign-in it was, which is enough to end the sign-in.
    """
    return _decode(settings, raw, {"verify_exp": False})


def _decode(settings: Settings, raw: str, options: "Options | None" = None) -> VerifiedToken:
    """Verify with PyJWT itself: flask-jwt-extended reads every token twice, to offer a choice of keys."""
    import jwt

    from downloads_app.services.accounts import signatures

    try:
        return _read_content(signatures.verify(settings, raw, options))
    except jwt.ExpiredSignatureError as exc:
        raise NotAuthenticated(EXPIRED) from exc
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError, RecursionError) as exc:
        raise NotAuthenticated(INVALID) from exc


def _read_content(content: dict[str, Any]) -> VerifiedToken:
    if not content["jti"]:
        raise ValueError("a token without an id could not be revoked")
    token_id = str(content["jti"])
    expires_at = content.get("exp")
    return VerifiedToken(
        token_id=token_id,
        family=str(content.get("fam") or token_id),
        user_id=str(uuid.UUID(content["sub"])),
        kind=str(content.get("type", "access")),
        issued_at=float(content["iat"]),
        expires_at=float("inf") if expires_at is None else float(expires_at),
        csrf=content.get("csrf"),
    )


def authorize(token: VerifiedToken, *, also_while_password_due: bool = False) -> User:
    """Return the token's user. One statement, because each request waits for it.

    Raises NotAuthenticated if the token is no longer valid, NotAllowed if the user must change the password first.
    """
    ids = token.revocable_ids
    is_revoked = exists().where(RevokedToken.id.in_(ids))
    found = db.session.execute(select(User, is_revoked).where(User.id == token.user_id)).first()
    if found is None:
        raise as_error(REVOKED)
    user, revoked = found[0], frozenset(ids if found[1] else ())
    refusal = refusal_of(token, state_of(user), user.tokens_valid_from, revoked)
    if refusal is not None and not (refusal == CHANGE_DUE and also_while_password_due):
        raise as_error(refusal)
    return user


def refusal_for(token: VerifiedToken, user: User) -> str | None:
    """Return why the token is refused, by the user's row; None if it is valid."""
    return refusal_of(token, state_of(user), user.tokens_valid_from, find_revoked(*token.revocable_ids))


def find_revoked(*ids: str) -> set[str]:
    """Return those of the ids that are on the list of revoked tokens."""
    return set(db.session.scalars(select(RevokedToken.id).where(RevokedToken.id.in_(ids))))


def revoke(settings: Settings, token: VerifiedToken, known_until: datetime | None = None) -> None:
    """Put a token's family on the list of revoked tokens until its last token has expired; commits.

    The last one is the token itself, which may have its own lifetime, or one that a refresh has just issued, or one of
    earlier settings, which expires at `known_until`. The user's row is held.
    """
    last = utc_now() + max(life_of(settings, "access"), life_of(settings, "refresh"))
    expires_at = max(last, _as_time(token.expires_at), known_until or last)
    listed = db.session.get(RevokedToken, token.family, populate_existing=True)
    if listed is None:
        db.session.add(RevokedToken(id=token.family, user_id=token.user_id, expires_at=expires_at))
    else:
        listed.expires_at = max(listed.expires_at, known_until or listed.expires_at)
    db.session.commit()


def _as_time(expires_at: float) -> datetime:
    """Return a time that a database can hold, also for a token that never expires."""
    return datetime.fromtimestamp(min(expires_at, FOREVER.timestamp()), UTC)
