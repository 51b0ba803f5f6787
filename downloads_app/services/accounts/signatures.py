"""Which of our keys has signed a token. New tokens name the present one; the previous ones still verify."""

import base64
import hashlib
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from typing import Any

import jwt
from jwt.types import Options

from downloads_app.config import JWT_ALGORITHM, Settings
from downloads_app.services.database.clock import CLOCKS_APART_SECONDS


def verify(settings: Settings, raw: str, options: Options | None) -> dict[str, Any]:
    """Return what stands in a token; raises PyJWT's errors."""
    for secret in _candidates(settings, raw):
        with suppress(jwt.InvalidSignatureError):
            key = _prepared(secret)
            # For a token of a machine whose clock is ahead. None lives longer for it: see `tokens.verify`.
            content: dict[str, Any] = jwt.decode(
                raw, key, algorithms=[JWT_ALGORITHM], leeway=CLOCKS_APART_SECONDS, options=options
            )
            return content
    raise jwt.InvalidSignatureError("none of our keys")


def _candidates(settings: Settings, raw: str) -> Sequence[str]:
    """Return the keys that may have signed a token: the one that it names, or all, the present one first.

    The name is only a hint to one of our own keys. The library's plain tokens have none, nor have those of before.
    """
    secrets = settings.jwt_secret_keys
    if len(secrets) == 1:
        return secrets  # a token's head need not be read twice
    kid = jwt.get_unverified_header(raw).get("kid")
    return secrets if kid is None else [secret for secret in secrets if kid_of(secret) == kid]


def names_its_key(raw: str) -> bool:
    """Whether a token's head names a key, as those of this version do. The head is signed: nobody can take it out."""
    try:
        return jwt.get_unverified_header(raw).get("kid") is not None
    except (jwt.PyJWTError, TypeError, ValueError, RecursionError):
        return False  # no token at all, which `verify` refuses


@cache
def kid_of(secret: str) -> str:
    """Return the name of a key (RFC 7515, section 4.1.4): a digest that does not tell the key."""
    return hashlib.sha256(b"kid\0" + secret.encode()).hexdigest()[:16]


@cache
def _prepared(secret: str) -> jwt.PyJWK:
    """Return a secret as a PyJWT key (RFC 7517, "oct"): PyJWT would examine a text again for each token."""
    encoded = base64.urlsafe_b64encode(secret.encode()).rstrip(b"=").decode()
    return jwt.PyJWK({"kty": "oct", "k": encoded}, algorithm=JWT_ALGORITHM)
