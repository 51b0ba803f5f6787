"""Finds out who sends a request: reads and checks its token."""

import hmac
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar
from uuid import UUID

from flask import current_app, g, request

from downloads_app.config import current_settings
from downloads_app.errors import NotAllowed, NotAuthenticated, NotFound
from downloads_app.models import Act, User
from downloads_app.services import audit
from downloads_app.services.accounts import attempts, key_check, key_form, refused_keys, tokens, users, uses
from downloads_app.services.accounts.refused_keys import Refusal
from downloads_app.services.accounts.tokens import VerifiedToken
from downloads_app.services.audit import Actor, Thing
from downloads_app.services.database.session import give_connection_back
from downloads_app.services.rights import Caller, refuse_beyond_scope
from downloads_app.web import arguments, cookies, idempotency, shares
from downloads_app.web.gunicorn.strangers import STRANGERS

SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
NOT_BY_KEY = "An API key may not do this: sign in. No key manages keys, passwords, sessions, users or providers"
P = ParamSpec("P")
R = TypeVar("R")


def read_token(kind: str = "access") -> VerifiedToken:
    """Return the request's verified token or API key. Raises NotAuthenticated, NotAllowed beyond a key's scope.

    An `Authorization` header decides if there is one, also if it is bad. Otherwise the cookie decides; with an unsafe
    method it also needs the CSRF header. A token in the query string is ignored. An API key comes in the header alone.
    """
    raw = read_bearer()
    if raw is not None:
        return _read_key(raw) if key_form.looks_like_key(raw) else tokens.verify(current_settings(), raw, kind)
    return _guard(tokens.verify(current_settings(), _read_cookie(kind), kind))


def read_ended_token() -> VerifiedToken:
    """Return the token for a sign-out: access or refresh token, expired or not. Raises NotAuthenticated."""
    raw = read_bearer()
    if raw is not None:
        if key_form.looks_like_key(raw):
            raise NotAllowed(NOT_BY_KEY)
        return tokens.identify(current_settings(), raw)
    return _guard(tokens.identify(current_settings(), _read_cookie("access")))


def read_bearer() -> str | None:
    """Return the token in the `Authorization` header; None without one. Raises NotAuthenticated for another scheme."""
    header = request.headers.get("Authorization")
    if header is None:
        return None
    scheme, _, raw = header.partition(" ")
    if scheme.lower() != "bearer" or not raw.strip():
        raise NotAuthenticated("The Authorization header is not 'Bearer <token>'")
    return raw.strip()


def _read_key(raw: str) -> VerifiedToken:
    """Return what an API key stands for. It holds no database connection afterwards: a stream goes on for hours."""
    token = key_check.verify(raw, shown_address())
    give_connection_back()
    try:
        refuse_beyond_scope(token, is_reading=request.method in SAFE_METHODS)
    except NotAllowed as exc:
        name = token.key.name if token.key else None
        refused_keys.note_refused(Refusal(shown_address(), exc.message, token.token_id, name, token.user_id))
        raise
    return token


def _read_cookie(kind: str) -> str:
    raw = cookies.read_token(kind)
    if not raw:
        raise NotAuthenticated("Missing token")
    return raw


def _guard(token: VerifiedToken) -> VerifiedToken:
    """Return a cookie's token, after the CSRF check: any page can make a browser send it, but only ours can read it."""
    if request.method not in SAFE_METHODS:
        _check_csrf(token)
    return token


def _check_csrf(token: VerifiedToken) -> None:
    sent = request.headers.get(current_app.config["JWT_ACCESS_CSRF_HEADER_NAME"], "")
    if not token.csrf or not hmac.compare_digest(sent.encode(), token.csrf.encode()):
        raise NotAuthenticated("Missing or wrong X-CSRF-TOKEN header")


def login_required(view: Callable[P, R]) -> Callable[P, R]:
    """Let signed-in users in, and API keys within their scopes. The view calls `current_user()`.

    403 if the user must first change the password.
    """
    return _required(view, "access")


def login_required_without_key(view: Callable[P, R]) -> Callable[P, R]:
    """Let signed-in users in, but no API keys: for what no key may manage."""
    return _required(view, "access", is_open_to_keys=False)


def login_required_also_while_password_due(view: Callable[P, R]) -> Callable[P, R]:
    """Let signed-in users in, also those who must first change their password."""
    return _required(view, "access", is_open_while_due=True)


def password_change_required(view: Callable[P, R]) -> Callable[P, R]:
    """Let signed-in users in to change their password, also those who must, but no API keys."""
    return _required(view, "access", is_open_while_due=True, is_open_to_keys=False)


def refresh_token_required(view: Callable[P, R]) -> Callable[P, R]:
    """Let only users with a refresh token in. The view calls `current_user()`."""
    return _required(view, "refresh", is_open_to_keys=False)


def _required(
    view: Callable[P, R],
    kind: str,
    *,
    is_open_while_due: bool = False,
    is_open_to_keys: bool = True,
    is_for_admins: bool = False,
) -> Callable[P, R]:
    """Check the token first: without a valid one, nobody learns how a request's body should look.

    The role is checked before an answer of before is given again: that may be for admins.
    """

    @wraps(view)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        g.token = read_token(kind)
        g.user = tokens.authorize(g.token, also_while_password_due=is_open_while_due)
        STRANGERS.here().recognize(request.environ)
        if g.token.key is not None and not is_open_to_keys:
            raise not_allowed(NOT_BY_KEY)
        shares.take_for_request(g.token.user_id)
        uses.note_use(g.token)
        if is_for_admins and not current_user().is_admin:
            raise not_allowed("Only an admin may do this")
        arguments.refuse_unknown_and_forms()
        if request.method not in SAFE_METHODS:
            idempotency.begin(current_user())
        return view(*args, **kwargs)

    who = "admin" if is_for_admins else {"access": "user"}.get(kind, kind)
    vars(wrapper)["access"] = who  # for the description of the API; what wraps the view further hands it on
    return wrapper


def not_allowed(message: str) -> NotAllowed:
    """Return the error for what the present user may not do. The audit tells of it if it would have been a change."""
    if request.method not in SAFE_METHODS:
        route = Thing("route", name=f"{request.method} {request.url_rule}")
        audit.note_alone(Act.REFUSED, current_actor(), route, detail=request.path, succeeded=False)
    return NotAllowed(message)


def admin_required(view: Callable[P, R]) -> Callable[P, R]:
    """Let only admins in, without API keys. Others get 403."""
    return _required(view, "access", is_open_to_keys=False, is_for_admins=True)


def current_user() -> Caller:
    """Return who asks, in a request that `login_required` let in, with the rights that their token or key gives."""
    return Caller(g.user, g.token)


def current_actor() -> Actor:
    """Return who asks, as the audit names them."""
    caller, key = current_user(), g.token.key
    return Actor(caller.username, caller.id, shown_address(), key.name if key else None, is_trusted=caller.is_admin)


def shown_address() -> str:
    """Return the client's address, in a form for rows and the log."""
    return attempts.shown_address(request.remote_addr)


def user_asked_for(user_id: UUID | None) -> User:
    """Return whose things are asked for: the caller's own, or for an admin somebody else's.

    Raises NotFound where there is no such user, or not for this caller.
    """
    caller = current_user()
    if user_id is None or str(user_id) == caller.id:
        return caller.user
    if not caller.is_admin:
        raise NotFound(f"There is no user {user_id}")
    return users.get_user(str(user_id))
