"""The cookies of a signed-in browser: tokens that scripts cannot read, and CSRF values that scripts send back.

A secure cookie's name begins with `__Host-`: browsers then take it from this host alone, not from a neighbouring
subdomain, and for the path `/` only (RFC 6265bis, section 4.1.3). Below a path prefix that is not possible, so there it
is `__Secure-`. Cookies of earlier versions have no prefix. They are still read, and replaced at the next refresh. But a
neighbour can set such a cookie too, and a visitor would work in the neighbour's session without knowing it. So where
cookies are secure, one without a prefix counts only with a token of an earlier version: no sign-in gives that any more.
"""

from typing import Any

from flask import Response, current_app, request

from downloads_app.config import current_settings
from downloads_app.services.accounts import attempts, signatures, tokens
from downloads_app.services.accounts.tokens import TokenPair

LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
DEVICE_SECONDS = 365 * 24 * 3600
KINDS = ("access", "refresh")
HOST, SECURE, PLAIN = "__Host-", "__Secure-", ""


def set_tokens(response: Response, pair: TokenPair) -> None:
    """Give a browser its tokens, and the CSRF values that its scripts send back in a header."""
    settings, prefix = current_settings(), choose_prefix()
    for kind, raw in zip(KINDS, (pair.access, pair.refresh), strict=True):
        path, csrf = _path(kind, prefix), tokens.verify(settings, raw, kind).csrf or ""
        _set(response, prefix + _name(kind), raw, path=path, max_age=settings.session_seconds, httponly=True)
        _set(response, prefix + _csrf_name(kind), csrf, path=_root(), max_age=settings.session_seconds)
    if prefix != PLAIN and _has_any(PLAIN):
        _remove(response, PLAIN)


def unset_tokens(response: Response) -> None:
    """Remove these cookies, also those of an earlier version."""
    prefix = choose_prefix()
    _remove(response, prefix)
    if prefix != PLAIN and _has_any(PLAIN):
        _remove(response, PLAIN)


def set_device(response: Response, username: str) -> None:
    """Mark this browser with a cookie: the user has just given the right password in it (see `attempts`)."""
    settings = current_settings()
    name = _device_prefix() + attempts.name_device_cookies(settings, username)[0]
    value = attempts.make_device(settings, username)
    _set(response, name, value, path=f"{request.root_path}/api/auth", max_age=DEVICE_SECONDS, httponly=True)


def read_device(username: str) -> str | None:
    """Return the browser's device cookie for this user, or None. It is signed: its name may be the old one."""
    names = attempts.name_device_cookies(current_settings(), username)
    both = (prefix + name for prefix in (_device_prefix(), PLAIN) for name in names)
    return next((request.cookies[name] for name in both if name in request.cookies), None)


def read_token(kind: str) -> str:
    """Return the token in the request's cookies; "" if there is none."""
    prefix, plain = choose_prefix(), request.cookies.get(_name(kind), "")
    if prefix == PLAIN:
        return plain
    given = request.cookies.get(prefix + _name(kind))
    return given or ("" if signatures.names_its_key(plain) else plain)


def choose_prefix() -> str:
    """Return how the names of this request's cookies begin; the page's http.js chooses in the same way."""
    if not are_secure():
        return PLAIN
    return SECURE if request.root_path else HOST


def are_secure() -> bool:
    """Whether cookies get `Secure`: yes, unless a setting says no or this is plain HTTP on loopback (a first try)."""
    chosen = current_settings().cookie_secure
    return chosen if chosen is not None else request.is_secure or not is_on_loopback()


def is_on_loopback() -> bool:
    """Whether the browser asked for a name of its own machine."""
    host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    return host in LOOPBACK_HOSTS


def _set(response: Response, name: str, value: str, *, path: str, **options: Any) -> None:
    """Set a cookie. flask-jwt-extended's function is not used: its `Secure` cannot depend on the request."""
    response.set_cookie(name, value, path=path, secure=are_secure(), samesite="Lax", **options)


def _remove(response: Response, prefix: str) -> None:
    for kind in KINDS:
        _set(response, prefix + _name(kind), "", path=_path(kind, prefix), max_age=0, httponly=True)
        _set(response, prefix + _csrf_name(kind), "", path=_root(), max_age=0)


def _has_any(prefix: str) -> bool:
    """Whether the request has one of the token cookies with this prefix. The refresh token has a path of its own."""
    return any(prefix + name in request.cookies for kind in KINDS for name in (_name(kind), _csrf_name(kind)))


def _root() -> str:
    return request.root_path or "/"


def _path(kind: str, prefix: str) -> str:
    """Return a token cookie's path. With `__Host-` it must be `/`, else the refresh token goes to its route alone."""
    return f"{request.root_path}/api/auth/refresh" if kind == "refresh" and prefix != HOST else _root()


def _name(kind: str) -> str:
    return str(current_app.config[f"JWT_{kind.upper()}_COOKIE_NAME"])


def _csrf_name(kind: str) -> str:
    return str(current_app.config[f"JWT_{kind.upper()}_CSRF_COOKIE_NAME"])


def _device_prefix() -> str:
    """Return how a device cookie's name begins. It goes to `/api/auth` alone, and so cannot be `__Host-`."""
    return SECURE if are_secure() else PLAIN
