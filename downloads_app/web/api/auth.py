"""`/api/auth`: signing in and out, and who one is."""

from typing import Any

from flask import Response, g, jsonify, request
from flask.views import MethodView
from flask_jwt_extended import set_access_cookies, set_refresh_cookies, unset_jwt_cookies

from downloads_app.errors import NotAllowed, NotAuthenticated
from downloads_app.extensions import db
from downloads_app.models import User
from downloads_app.services.accounts import tokens, users
from downloads_app.web.api.schemas import LoginSchema, PasswordChangeSchema, RefreshSchema, TokensSchema, UserSchema
from downloads_app.web.authentication import current_user, login_required, refresh_token_required
from downloads_app.web.bodies import Blueprint
from downloads_app.web.offload import offload

blueprint = Blueprint("auth", __name__, url_prefix="/api/auth", description="Sign in and out")


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
    user_id, password_hash = users.find_hash(credentials["username"])
    db.session.rollback()  # gives the connection back while the password is hashed
    if not offload(users.password_matches, password_hash, credentials["password"]):
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
    return _answer_with(tokens.rotate(g.token, current_user()), by_cookie)


@blueprint.route("/logout", methods=["POST"])
@blueprint.response(204)
@login_required
def logout() -> Response:
    """Revoke the token and all others of the same sign-in; its open streams end within one tick."""
    token: tokens.VerifiedToken = g.token
    tokens.revoke(token)
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
    if not offload(users.password_matches, password_hash, body["current_password"]):
        raise NotAllowed("The current password is wrong")
    new_hash = offload(users.hash_password, body["new_password"])
    users.set_password_hash(db.session.get_one(User, user_id), new_hash)
    response = Response(status=204)
    unset_jwt_cookies(response)
    return response
