"""The cookies of a signed-in browser: tokens that scripts cannot read, and CSRF values that scripts send back."""

from typing import Any

from flask import Response, current_app, request

from downloads_app.config import current_settings
from downloads_app.services.accounts import attempts, tokens
from downloads_app.services.accounts.tokens import TokenPair

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
DEVICE_SECONDS = 365 * 24 * 3600


def set_tokens(response: Response, pair: TokenPair) -> None:
    """Give a browser its tokens, and the CSRF values that its scripts send back in a header."""
    age_seconds = current_settings().session_seconds
    for kind, raw in (("access", pair.access), ("refresh", pair.refresh)):
        _set(response, _name(kind), raw, path=_path(kind), max_age=age_seconds, httponly=True)
        _set(response, _csrf_name(kind), tokens.verify(current_settings(), raw, kind).csrf or "", max_age=age_seconds)


def unset_tokens(response: Response) -> None:
    """Remove these cookies."""
    for kind in ("access", "refresh"):
        _set(response, _name(kind), "", path=_path(kind), max_age=0, httponly=True)
        _set(response, _csrf_name(kind), "", max_age=0)


def set_device(response: Response, username: str) -> None:
    """Mark this browser with a cookie: the user has just given the right password in it (see `attempts`)."""
    settings = current_settings()
    name, value = attempts.name_device_cookies(settings, username)[0], attempts.make_device(settings, username)
    _set(response, name, value, path=f"{request.root_path}/api/auth", max_age=DEVICE_SECONDS, httponly=True)


def read_device(username: str) -> str | None:
    """Return the browser's device cookie for this user, or None."""
    names = attempts.name_device_cookies(current_settings(), username)
    return next((request.cookies[name] for name in names if name in request.cookies), None)


def read_token(kind: str) -> str:
    """Return the token in the request's cookies; "" if there is none."""
    return request.cookies.get(_name(kind), "")


def are_secure() -> bool:
    """Whether cookies get `Secure`: yes, unless a setting says no or this is plain HTTP on loopback (a first try)."""
    chosen = current_settings().cookie_secure
    if chosen is not None:
        return chosen
    host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    return request.is_secure or host not in LOOPBACK_HOSTS


def _set(response: Response, name: str, value: str, *, path: str | None = None, **options: Any) -> None:
    """Set a cookie. flask-jwt-extended's function is not used: its `Secure` cannot depend on the request."""
    path = path or request.root_path or "/"
    response.set_cookie(name, value, path=path, secure=are_secure(), samesite="Lax", **options)


def _path(kind: str) -> str | None:
    return f"{request.root_path}/api/auth/refresh" if kind == "refresh" else None


def _name(kind: str) -> str:
    return str(current_app.config[f"JWT_{kind.upper()}_COOKIE_NAME"])


def _csrf_name(kind: str) -> str:
    return str(current_app.config[f"JWT_{kind.upper()}_CSRF_COOKIE_NAME"])
