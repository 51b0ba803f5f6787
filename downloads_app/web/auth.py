"""Who asks: reads the token of a request, and the sign-in resource."""

import hmac
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import Flask, Response, current_app, g, jsonify, request
from flask.views import MethodView
from flask_jwt_extended import set_access_cookies, set_refresh_cookies, unset_jwt_cookies
from werkzeug.local import LocalProxy

from downloads_app.config import current_settings
from downloads_app.errors import NotAllowed, NotAuthenticated
from downloads_app.extensions import db
from downloads_app.models import User
from downloads_app.services import accounts, tokens
from downloads_app.web.bodies import Blueprint
from downloads_app.web.offload import offload
from downloads_app.web.schemas import LoginSchema, PasswordChangeSchema, RefreshSchema, TokensSchema, UserSchema

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
P = ParamSpec("P")
R = TypeVar("R")

blueprint = Blueprint("auth", __name__, url_prefix="/api/auth", description="Sign in and out")


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


def read_claims(kind: str = "access") -> tokens.Claims:
    """Return the verified claims of the request's token; raises NotAuthenticated.

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
    claims = tokens.verify(raw, kind)
    if request.method not in SAFE_METHODS:
        _check_csrf(claims)
    return claims


def _check_csrf(claims: tokens.Claims) -> None:
    sent = request.headers.get(current_app.config["JWT_ACCESS_CSRF_HEADER_NAME"], "")
    if not claims.csrf or not hmac.compare_digest(sent.encode(), claims.csrf.encode()):
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
        g.claims = read_claims(kind)
        g.user = tokens.authorize(g.claims)
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


def _answer_with(pair: tokens.TokenPair, as_cookies: bool) -> Response:
    if not as_cookies:
        response: Response = jsonify(
            access_token=pair.access,
            refresh_token=pair.refresh,
            token_type="Bearer",  # noqa: S106  (the scheme's name, no secret)
        )
    else:
        response = jsonify(cookies=True)
        set_access_cookies(response, pair.access)
        set_refresh_cookies(response, pair.refresh)
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.route("/login", methods=["POST"])
@blueprint.arguments(LoginSchema)
@blueprint.response(200, TokensSchema)
def login(credentials: dict[str, Any]) -> Response:
    """Exchange a user name and a password for tokens, or for HttpOnly cookies.

    A wrong name and a wrong password look the same and take the same time. No database connection is
    held while the password is hashed, which happens in a thread.
    """
    user_id, password_hash = accounts.find_hash(credentials["username"])
    db.session.rollback()  # gives the connection back while the password is hashed
    if not offload(accounts.password_matches, password_hash, credentials["password"]):
        raise NotAuthenticated("Wrong user name or password")
    user = db.session.get(User, user_id)
    if user is None or user.is_disabled:
        raise NotAuthenticated("Wrong user name or password")
    return _answer_with(tokens.issue_pair(user), credentials["cookies"])


@blueprint.route("/refresh", methods=["POST"])
@refresh_token_required
@blueprint.arguments(RefreshSchema)
@blueprint.response(200, TokensSchema)
def refresh(_body: dict[str, Any]) -> Response:
    """Exchange a refresh token (header or cookie) for a new pair; it cannot be used a second time."""
    by_cookie = "Authorization" not in request.headers
    return _answer_with(tokens.rotate(g.claims, current_user()), by_cookie)


@blueprint.route("/logout", methods=["POST"])
@blueprint.response(204)
@login_required
def logout() -> Response:
    """Revoke the token and all others of the same sign-in; its open streams end within one tick."""
    claims: tokens.Claims = g.claims
    tokens.revoke(claims)
    response = Response(status=204)
    unset_jwt_cookies(response)
    return response


@blueprint.route("/me")
class Me(MethodView):
    """The signed-in user."""

    @blueprint.response(200, UserSchema)
    @login_required
    def get(self) -> User:
        """Say who is asking."""
        return current_user()


@blueprint.route("/password", methods=["PUT"])
@login_required
@blueprint.arguments(PasswordChangeSchema)
@blueprint.response(204)
def change_password(body: dict[str, Any]) -> Response:
    """Change one's own password; every token issued before is refused from now on."""
    user = current_user()
    user_id, password_hash = user.id, user.password_hash
    db.session.rollback()  # gives the connection back while the password is hashed
    if not offload(accounts.password_matches, password_hash, body["current_password"]):
        raise NotAllowed("The current password is wrong")
    new_hash = offload(accounts.hash_password, body["new_password"])
    accounts.set_password_hash(db.session.get_one(User, user_id), new_hash)
    response = Response(status=204)
    unset_jwt_cookies(response)
    return response
