"""`/api/auth/oidc`: signing in at an identity provider. It is there if OIDC_ISSUER is set."""

import hashlib
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, make_response, redirect, request
from marshmallow import Schema, fields, validate

from downloads_app.config import SETTINGS, current_settings
from downloads_app.errors import NotAllowed, NotAuthenticated
from downloads_app.per_app import PerApp
from downloads_app.services.accounts import attempts, identities, sign_ins
from downloads_app.services.accounts.attempts import Attempt
from downloads_app.services.database.session import give_connection_back
from downloads_app.web import cookies
from downloads_app.web.authentication import shown_address
from downloads_app.web.bodies import Blueprint
from downloads_app.web.resources import add_resource

if TYPE_CHECKING:
    from downloads_app.web.identity_provider import IdentityProvider

MAX_TEXT = 4096
HOME = "/"

blueprint = Blueprint("sign_on", __name__, url_prefix="/api/auth/oidc", description="Sign in elsewhere")
PROVIDER: PerApp["IdentityProvider"] = PerApp()


def init_app(app: Flask) -> None:
    """Add the two routes where the settings name a provider. Authlib takes a while to load; others do without it."""
    settings = SETTINGS.of(app)
    if not settings.oidc_issuer:
        return
    from downloads_app.web.identity_provider import IdentityProvider

    PROVIDER.put(app, IdentityProvider(settings))
    app.config.update(
        SECRET_KEY=hashlib.sha256(b"single sign-on\0" + settings.jwt_secret_key.encode()).digest(),
        SESSION_COOKIE_NAME=_cookie_name(settings.public_url),
        SESSION_COOKIE_PATH="/",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https://"),
        SESSION_COOKIE_SAMESITE="Lax",
    )
    add_resource(app, blueprint)


def _cookie_name(public_url: str) -> str:
    """Return the name of the state's cookie: one that no neighbouring host can set (RFC 6265bis, `__Host-`)."""
    return "__Host-sign-on" if public_url.startswith("https://") else "sign-on"


class BeginSchema(Schema):
    """Where the browser is to come to in the end."""

    next = fields.String(load_default=HOME, validate=validate.Length(max=500))


class CallbackSchema(Schema):
    """What the provider adds to the address (RFC 6749, 4.1.2; RFC 9207); others may come beside it."""

    class Meta:
        unknown = "exclude"

    code = fields.String(validate=validate.Length(max=MAX_TEXT))
    state = fields.String(validate=validate.Length(max=MAX_TEXT))
    iss = fields.String(validate=validate.Length(max=MAX_TEXT))
    error = fields.String(validate=validate.Length(max=MAX_TEXT))


@blueprint.route("/login")
@blueprint.arguments(BeginSchema, location="query")
@blueprint.response(302, description="To the identity provider")
@blueprint.alt_response(424, description="The identity provider fails")
def begin(query: dict[str, Any]) -> Response:
    """Send the browser to the identity provider, which sends it back to `callback`."""
    return _lead_to(PROVIDER.here().begin(_own_path(query["next"])))


@blueprint.route("/callback")
@blueprint.arguments(CallbackSchema, location="query")
@blueprint.response(302, description="Signed in: to the page, or to where the browser wanted to go")
@blueprint.alt_response(401, description="The answer does not verify, or was begun elsewhere")
@blueprint.alt_response(403, description="There is no account for this person, or a disabled one; or they were refused")
@blueprint.alt_response(409, description="The name is taken by somebody whom an admin has not linked")
@blueprint.alt_response(422, description="The name that the provider tells cannot be one here")
@blueprint.alt_response(424, description="The identity provider fails")
@blueprint.alt_response(429, description="Too many failed sign-ins of this address")
def finish(query: dict[str, Any]) -> Response:
    """Sign in whom the identity provider has sent back: sets the cookies, and leads to the page."""
    settings = current_settings()
    provider, attempt = PROVIDER.here(), Attempt(None, request.remote_addr)
    if not provider.has_begun(query.get("state")):  # not counted: any page can make a browser come here
        raise NotAuthenticated("This sign-in was not begun in this browser, or was begun too long ago; begin again")
    attempts.check(settings, attempt)
    give_connection_back()  # no connection is held while the identity provider takes its time
    try:
        if query.get("iss", settings.oidc_issuer) != settings.oidc_issuer:
            raise NotAuthenticated("This answer is of another identity provider")
        proven, where_to = provider.finish(query.get("state"))
    except (NotAuthenticated, NotAllowed):
        attempts.settle(settings, attempt, is_right=False)
        raise
    client = sign_ins.Client(shown_address(), request.headers.get("User-Agent"))
    user = identities.admit(settings, proven, client.address)
    response = _lead_to(settings.public_url + _own_path(where_to))
    how = f"at {settings.oidc_issuer}"
    cookies.set_tokens(response, sign_ins.begin(settings, user.id, user.password_hash, client, how))
    return response


def _lead_to(address: str) -> Response:
    response = make_response(redirect(address, 302))
    response.headers["Cache-Control"] = "no-store"
    return response


def _own_path(path: str) -> str:
    """Return the path if it is one of this page's; else the page's own. A browser takes `//x` and `/\\x` for hosts."""
    is_own = path.startswith("/") and path[1:2] not in ("/", "\\") and path.isprintable() and path.isascii()
    return path if is_own else HOME
