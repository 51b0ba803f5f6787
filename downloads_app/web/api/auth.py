"""`/api/auth`: signing in and out, and who one is."""

from typing import Any

from flask import Response, g, jsonify, request
from flask.views import MethodView

from downloads_app.config import current_settings
from downloads_app.errors import NotAllowed, NotAuthenticated
from downloads_app.services.accounts import attempts, passwords, sign_ins, users
from downloads_app.services.accounts.attempts import Attempt
from downloads_app.services.accounts.tokens import TokenPair
from downloads_app.services.audit import Account
from downloads_app.services.documents import describe_me
from downloads_app.web import arguments, cookies
from downloads_app.web.api.schemas import LoginSchema, MeSchema, PasswordChangeSchema, RefreshSchema, TokensSchema
from downloads_app.web.authentication import (
    current_actor,
    current_user,
    login_required_also_while_password_due,
    password_change_required,
    read_ended_token,
    refresh_token_required,
    shown_address,
)
from downloads_app.web.bodies import Blueprint
from downloads_app.web.hashing import hash_in_turn

SCHEME = "Bearer"
"""How the tokens are sent (RFC 6750)."""
blueprint = Blueprint("auth", __name__, url_prefix="/api/auth", description="Sign in and out")


def _answer_with(pair: TokenPair, as_cookies: bool) -> Response:
    if not as_cookies:
        response: Response = jsonify(
            access_token=pair.access,
            refresh_token=pair.refresh,
            token_type=SCHEME,
        )
    else:
        response = jsonify(cookies=True)
        cookies.set_tokens(response, pair)
    response.headers["Cache-Control"] = "no-store"
    return response


def _is_right(username: str, user_id: str | None, password_hash: str | None, password: str) -> bool:
    """Compare a password. Count a wrong one. `user_id` is None if there is no such user. Raises TooMany, Busy."""
    settings = current_settings()
    account = Account(user_id, username) if user_id is not None else None
    attempt = Attempt(username, request.remote_addr, cookies.read_device(username), account)
    attempts.check(settings, attempt)
    is_right = hash_in_turn(passwords.matches, password_hash, password)
    attempts.settle(settings, attempt, is_right)
    return is_right


@blueprint.route("/login", methods=["POST"])
@arguments.takes_only_what_it_knows
@blueprint.arguments(LoginSchema)
@blueprint.response(200, TokensSchema)
@blueprint.alt_response(401, description="The name or the password is wrong")
@blueprint.alt_response(429, description="Too many wrong passwords for this name or from this address")
def login(credentials: dict[str, Any]) -> Response:
    """Exchange a user name and a password for tokens, or for HttpOnly cookies.

    A wrong name and a wrong password look the same and take the same time, and are counted alike.
    """
    username = credentials["username"]
    user_id, password_hash = users.find_hash(username)
    is_right = _is_right(username, user_id, password_hash, credentials["password"])
    if not is_right or user_id is None or password_hash is None:
        raise NotAuthenticated(sign_ins.WRONG)
    client = sign_ins.Client(shown_address(), request.headers.get("User-Agent"))
    pair = sign_ins.begin(current_settings(), user_id, password_hash, client)
    response = _answer_with(pair, credentials["cookies"])
    cookies.set_device(response, username)
    return response


@blueprint.route("/refresh", methods=["POST"])
@refresh_token_required
@blueprint.arguments(RefreshSchema)
@blueprint.response(200, TokensSchema)
def refresh(_body: dict[str, Any]) -> Response:
    """Exchange a refresh token (header or cookie) for a new pair.

    One that comes again, more than ten seconds after it was exchanged, ends its sign-in: somebody has a copy.
    """
    by_cookie = "Authorization" not in request.headers
    return _answer_with(sign_ins.renew(current_settings(), g.token, shown_address()), by_cookie)


@blueprint.route("/logout", methods=["POST"])
@blueprint.response(204)
def logout() -> Response:
    """End the sign-in of an access or refresh token, which may have expired; its open streams end within one tick."""
    token = read_ended_token()
    arguments.refuse_unknown_and_forms()
    sign_ins.end(current_settings(), token, shown_address())
    response = Response(status=204)
    cookies.unset_tokens(response)
    return response


@blueprint.route("/me")
class Me(MethodView):
    """The signed-in user."""

    @blueprint.response(200, MeSchema)
    @login_required_also_while_password_due
    def get(self) -> dict[str, Any]:
        """Say who is asking."""
        return describe_me(current_user().user)


@blueprint.route("/password", methods=["PUT"])
@password_change_required
@blueprint.arguments(PasswordChangeSchema)
@blueprint.response(204)
@blueprint.alt_response(429, description="Too many wrong passwords")
def change_password(body: dict[str, Any]) -> Response:
    """Change one's own password; every token issued before is refused from now on."""
    user = current_user().user
    user_id, username, password_hash = user.id, user.username, user.password_hash
    if not _is_right(username, user_id, password_hash, body["current_password"]):
        raise NotAllowed("The current password is wrong")
    new_hash = hash_in_turn(passwords.hash_password, body["new_password"], username, "new_password")
    users.set_password_hash(user_id, new_hash, instead_of=password_hash, by=current_actor())
    response = Response(status=204)
    cookies.unset_tokens(response)
    return response
