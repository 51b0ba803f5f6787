"""Who asks: reads and judges the token of a request."""

import hmac
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Flask, current_app, g, request
from werkzeug.local import LocalProxy

from downloads_app.config import current_settings
from downloads_app.errors import NotAllowed, NotAuthenticated
from downloads_app.models import User
from downloads_app.services.accounts import tokens

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
P = ParamSpec("P")
R = TypeVar("R")


def init_app(app: Flask) -> None:
    """Decide at each sign-in whether its cookies are `Secure`, and below which path they are sent."""
    app.config["JWT_COOKIE_SECURE"] = LocalProxy(_cookies_are_secure)
    app.config["JWT_REFRESH_COOKIE_PATH"] = LocalProxy(lambda: f"{request.root_path}/api/auth/refresh")
    for cookie in ("ACCESS", "ACCESS_CSRF", "REFRESH_CSRF"):
        app.config[f"JWT_{cookie}_COOKIE_PATH"] = LocalProxy(lambda: request.root_path or "/")


def _cookies_are_secure() -> bool:
    """On, unless set otherwise or served over plain HTTP on loopback (a first try on one's own machine)."""
    chosen = current_settings().cookie_secure
    if chosen is not None:
        return chosen
    host = request.host.rsplit(":", 1)[0] if not request.host.endswith("]") else request.host
    return request.is_secure or host not in LOOPBACK_HOSTS


def read_token(kind: str = "access") -> tokens.VerifiedToken:
    """Return the verified token of the request's token; raises NotAuthenticated.

    Where there is an `Authorization` header it decides, also when it is bad; else the cookie, which on an
    unsafe method needs the CSRF header beside it. The query string is never looked at.
    """
    header = request.headers.get("Authorization")
    if header is not None:
        scheme, _, raw = header.partition(" ")
        if scheme.lower() != "bearer" or not raw.strip():
            raise NotAuthenticated("The Authorization header is not 'Bearer <token>'")
        return tokens.verify(raw.strip(), kind)
    raw = request.cookies.get(current_app.config[f"JWT_{kind.upper()}_COOKIE_NAME"], "")
    if not raw:
        raise NotAuthenticated("Missing token")
    token = tokens.verify(raw, kind)
    if request.method not in SAFE_METHODS:
        _check_csrf(token)
    return token


def _check_csrf(token: tokens.VerifiedToken) -> None:
    sent = request.headers.get(current_app.config["JWT_ACCESS_CSRF_HEADER_NAME"], "")
    if not token.csrf or not hmac.compare_digest(sent.encode(), token.csrf.encode()):
        raise NotAuthenticated("Missing or wrong X-CSRF-TOKEN header")


def login_required(view: Callable[P, R]) -> Callable[P, R]:
    """Let only signed-in users in; the view finds them with `current_user()`."""

    return _required(view, "access")


def refresh_token_required(view: Callable[P, R]) -> Callable[P, R]:
    """Let only those in who have a refresh token; the view finds them as after `login_required`."""
    return _required(view, "refresh")


def _required(view: Callable[P, R], kind: str) -> Callable[P, R]:
    """Judge the token before anything else of the request: nobody learns what a body should have been."""

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        g.token = read_token(kind)
        g.user = tokens.authorize(g.token)
        return view(*args, **kwargs)

    return wrapper


def admin_required(view: Callable[P, R]) -> Callable[P, R]:
    """Let only admins in; others get 403."""

    @wraps(view)
    @login_required
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        if not current_user().is_admin:
            raise NotAllowed("Only an admin may do this")
        return view(*args, **kwargs)

    return wrapper


def current_user() -> User:
    """Return the user of a request that `login_required` let in."""
    user: User = g.user
    return user
