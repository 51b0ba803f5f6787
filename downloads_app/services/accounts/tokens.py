"""Issues, verifies and revokes tokens. The one place where a token's key is looked up."""

import base64
import hashlib
import uuid
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import jwt
from flask import current_app
from flask_jwt_extended import create_access_token, create_refresh_token
from sqlalchemy import exists, select
from sqlalchemy.exc import IntegrityError

from downloads_app.errors import NotAuthenticated
from downloads_app.extensions import db
from downloads_app.models import RevokedToken, User, new_id, utc_now

EXPIRED = "Token has expired"
REVOKED = "Token has been revoked"
INVALID = "Token is not valid"
REMEMBERED_TOKENS = 50_000
FOREVER = datetime(9999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class VerifiedToken:
    """What a verified token says; what it may do is read from its user's row."""

    token_id: str
    family: str
    """Shared by the tokens of one sign-in; a token without one is its own family."""
    user_id: str
    kind: str
    issued_at: float
    """Unix seconds, as is `expires_at`."""
    expires_at: float
    csrf: str | None


@dataclass(frozen=True, slots=True)
class TokenPair:
    """What a sign-in gives."""

    access: str
    refresh: str


def issue_pair(user: User, family: str | None = None) -> TokenPair:
    """Issue an access and a refresh token of one family (a new one, unless this is a refresh)."""
    content = _extra_content(family or new_id())
    return TokenPair(
        access=create_access_token(identity=user.id, additional_claims=content),
        refresh=create_refresh_token(identity=user.id, additional_claims=content),
    )


def issue_access(user: User, expires_seconds: int | None = None) -> str:
    """Issue one access token, of the given life or of the configured one."""
    life = timedelta(seconds=expires_seconds) if expires_seconds is not None else None
    return str(create_access_token(identity=user.id, additional_claims=_extra_content(new_id()), expires_delta=life))


def _extra_content(family: str) -> dict[str, Any]:
    """The family, and an issue time with a fraction (RFC 7519 allows one): a password change splits a second."""
    return {"fam": family, "iat": datetime.now(UTC).timestamp()}


def verify(raw: str, kind: str = "access") -> VerifiedToken:
    """Return the content of a token that verifies, is of `kind`, and has not expired.

    Revocation and the user's state are not judged here. Raises NotAuthenticated.
    """
    token = _remembered(raw)
    if token.expires_at <= datetime.now(UTC).timestamp():
        raise NotAuthenticated(EXPIRED)
    if token.kind != kind:
        raise NotAuthenticated(INVALID)
    return token


def _remembered(raw: str) -> VerifiedToken:
    """Verify a token once; its digest vouches for it afterwards (a signature costs more than a stream's tick)."""
    memory: OrderedDict[bytes, VerifiedToken] = current_app.extensions.setdefault("verified_tokens", OrderedDict())
    digest = hashlib.sha256(raw.encode("utf-8", "surrogateescape")).digest()
    token = memory.get(digest)
    if token is None:
        token = memory[digest] = _decode(raw)
        if len(memory) > REMEMBERED_TOKENS:
            memory.popitem(last=False)
    return token


def _decode(raw: str) -> VerifiedToken:
    """Verify with PyJWT itself: flask-jwt-extended reads every token twice, to offer a choice of keys."""
    try:
        content = jwt.decode(raw, _verification_key(), algorithms=[current_app.config["JWT_ALGORITHM"]])
        return _read_content(content)
    except jwt.ExpiredSignatureError as exc:
        raise NotAuthenticated(EXPIRED) from exc
    except (jwt.PyJWTError, KeyError, TypeError, ValueError, OverflowError, RecursionError) as exc:
        raise NotAuthenticated(INVALID) from exc


def _verification_key() -> jwt.PyJWK:
    """Return the key that tokens are verified with; where other issuers' keys will be told apart."""
    return _prepared(current_app.config["JWT_SECRET_KEY"], current_app.config["JWT_ALGORITHM"])


@cache
def _prepared(secret: str, algorithm: str) -> jwt.PyJWK:
    """Return a secret as PyJWT wants it (RFC 7517, "oct"): given as text it would be examined for each token."""
    encoded = base64.urlsafe_b64encode(secret.encode()).rstrip(b"=").decode()
    return jwt.PyJWK({"kty": "oct", "k": encoded}, algorithm=algorithm)


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


def authorize(token: VerifiedToken) -> User:
    """Return the user whom the token stands for; raises NotAuthenticated where it no longer does."""
    user = db.session.get(User, token.user_id)
    if user is None or user.is_disabled or is_outdated(token, user.tokens_valid_from) or is_revoked(token):
        raise NotAuthenticated(REVOKED)
    return user


def is_outdated(token: VerifiedToken, valid_from: datetime | None) -> bool:
    """Whether the token was issued before its user's tokens became valid."""
    return valid_from is not None and token.issued_at < valid_from.timestamp()


def is_revoked(token: VerifiedToken) -> bool:
    """Whether the token or its family is on the list of revoked tokens."""
    named = exists().where(RevokedToken.id.in_([token.token_id, token.family]))
    return bool(db.session.scalar(select(named)))


def revoke(token: VerifiedToken) -> None:
    """Put a token's family on the list until the last token of it has expired; commits.

    That is the token itself, which may have a life of its own, or one that a refresh has just given.
    """
    longest = max(current_app.config["JWT_ACCESS_TOKEN_EXPIRES"], current_app.config["JWT_REFRESH_TOKEN_EXPIRES"])
    longest = longest if isinstance(longest, timedelta) else timedelta(seconds=longest)
    expires_at = max(_as_time(token.expires_at), utc_now() + longest)
    db.session.add(RevokedToken(id=token.family, user_id=token.user_id, expires_at=expires_at))
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()  # it is on the list already


def rotate(token: VerifiedToken, user: User) -> TokenPair:
    """Exchange a refresh token for a new pair of its family; it cannot be used again. Commits."""
    if not _revoke_once(token):
        raise NotAuthenticated(REVOKED)
    return issue_pair(user, token.family)


def _revoke_once(token: VerifiedToken) -> bool:
    """Revoke the token; False where another request did so first (two exchanges of one token at once)."""
    revoked = RevokedToken(id=token.token_id, user_id=token.user_id, expires_at=_as_time(token.expires_at))
    db.session.add(revoked)
    try:
        db.session.commit()
    except IntegrityError:
        db.session.rollback()
        return False
    return True


def _as_time(expires_at: float) -> datetime:
    """Return a time that a database can hold, also for a token that never expires."""
    return datetime.fromtimestamp(min(expires_at, FOREVER.timestamp()), UTC)
