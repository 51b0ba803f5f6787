"""Asks the identity provider who somebody is: OpenID Connect's code flow with PKCE, by Authlib.

What Authlib keeps between the two steps (state, nonce, PKCE's verifier) stands in Flask's signed session cookie, which
has no other use here.
"""

import logging
import time
from typing import Any, cast
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import FlaskIntegration, FlaskOAuth2App
from flask import session
from joserfc.errors import JoseError
from requests import RequestException

from downloads_app.config import Settings
from downloads_app.errors import NotAllowed, NotAuthenticated, SourceError
from downloads_app.services.accounts.identities import Proven, is_well_formed

CONFIGURATION_PATH = "/.well-known/openid-configuration"
TIMEOUT_SECONDS = 10
CONFIGURATION_SECONDS = 3600
"""How long the provider's description of itself is used before it is read again."""
MAX_BEGUN = 4
"""Sign-ins of one browser under way: a cookie holds 4 KB, and each takes some 500 bytes of it."""
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Only such as have a private key. With HMAC, whoever knows the secret could sign, and `none` is signed by nobody."""
_FAULTS = (RequestException, RuntimeError, ValueError, KeyError, TypeError, AttributeError)
"""What Authlib, and what it uses, raise for a provider that is away or answers in another form."""
_STATES = "_state_"  # Authlib's prefix of its keys in the session

log = logging.getLogger(__name__)


class IdentityProvider(FlaskOAuth2App):
    """The one provider that the settings name."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(
            FlaskIntegration("sign-on"),
            name="sign-on",
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret or None,
            server_metadata_url=settings.oidc_issuer.rstrip("/") + CONFIGURATION_PATH,
            client_kwargs={"code_challenge_method": "S256", "default_timeout": TIMEOUT_SECONDS},
        )
        self._settings = settings
        self._callback = f"{settings.public_url}/api/auth/oidc/callback"

    def load_server_metadata(self) -> dict[str, Any]:
        """Return the provider's description of itself, checked; it is read again each hour."""
        if time.time() - self.server_metadata.get("_loaded_at", 0) > CONFIGURATION_SECONDS:
            self.server_metadata.clear()
            metadata = super().load_server_metadata()
            try:
                self._check(metadata)
            except BaseException:
                self.server_metadata.clear()
                raise
        return cast(dict[str, Any], self.server_metadata)

    def begin(self, where_to: str) -> str:
        """Return the provider's address to which the browser goes now. Raises SourceError."""
        for key in [key for key in session if key.startswith(_STATES)][: 1 - MAX_BEGUN]:
            session.pop(key)
        try:
            rv = self.create_authorization_url(self._callback, scope=self._scope())
        except (AuthlibBaseError, *_FAULTS) as exc:
            raise _unreachable(exc) from exc
        address = str(rv.pop("url"))
        self.save_authorize_data(redirect_uri=self._callback, where_to=where_to, **rv)
        return address

    def has_begun(self, state: str | None) -> bool:
        """Whether this browser has begun the sign-in of that state, and not too long ago."""
        kept = session.get(f"{_STATES}{self.name}_{state}")
        return isinstance(kept, dict) and kept.get("exp", 0) > time.time()

    def finish(self, state: str | None) -> tuple[Proven, str]:
        """Return who has come back from the provider, and where they wanted to go.

        Raises NotAuthenticated for an answer that does not verify, NotAllowed where the provider or the user said
        no, SourceError where the provider fails.
        """
        begun = self.framework.get_state_data(session, state) or {}
        try:
            token = self.authorize_access_token(claims_options=self._expected())
            if not token.get("userinfo"):
                raise NotAuthenticated("The identity provider's answer has no ID token")
            claims = self._complete(token["userinfo"], token)
        except (AuthlibBaseError, JoseError) as exc:
            self._forget_keys()
            raise _refusal(exc) from exc
        except _FAULTS as exc:
            self._forget_keys()
            raise _unreachable(exc) from exc
        return self._prove(claims), str(begun.get("where_to") or "")

    def _forget_keys(self) -> None:
        """Read the provider's keys again at the next sign-in: they may have been at fault, and are kept for an hour."""
        self.server_metadata.pop("jwks", None)

    def _check(self, metadata: dict[str, Any]) -> None:
        """Refuse a description of another issuer (OpenID Connect Discovery 1.0, 4.3), or one with plain HTTP in it."""
        if metadata.get("issuer") != self._settings.oidc_issuer:
            raise ValueError(f"it names itself {metadata.get('issuer')!r}")
        for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint"):
            scheme = urlsplit(str(metadata.get(name, self._settings.oidc_issuer))).scheme
            if scheme not in ("https", urlsplit(self._settings.oidc_issuer).scheme):
                raise ValueError(f"its {name} is not https")
        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        taken = [name for name in offered if name in ALGORITHMS]
        if not taken:  # an empty list would mean the library's own choice
            raise ValueError("it signs with none of the algorithms that are taken here")
        metadata["id_token_signing_alg_values_supported"] = taken
        metadata["token_endpoint_auth_method"] = self._client_method(metadata)

    def _client_method(self, metadata: dict[str, Any]) -> str:
        if not self.client_secret:
            return "none"
        offered = metadata.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
        return "client_secret_basic" if "client_secret_basic" in offered else "client_secret_post"

    def _scope(self) -> str:
        """Ask for names, and for the scope of the admin claim if the provider has one of that name (`groups`)."""
        known = self.load_server_metadata().get("scopes_supported") or []
        own = self._settings.oidc_admin_claim
        return " ".join(["openid", "profile", "email", *([own] if own in known else [])])

    def _expected(self) -> dict[str, Any]:
        """What an ID token must say. Authlib by itself would take one for another audience that names us as `azp`."""
        return {
            "iss": {"essential": True, "value": self._settings.oidc_issuer},
            "aud": {"essential": True, "value": self.client_id},
            "sub": {"essential": True},
            "nonce": {"essential": True},
        }

    def _complete(self, claims: dict[str, Any], token: dict[str, Any]) -> dict[str, Any]:
        """Add what the provider tells only at its `userinfo`, if we need it and it is of the same person."""
        wanted = [self._settings.oidc_username_claim, self._settings.oidc_admin_claim]
        is_complete = all(_claim(claims, name) is not None for name in wanted if name)
        if is_complete or not self.load_server_metadata().get("userinfo_endpoint"):
            return claims
        more = self.userinfo(token=token)
        if more.get("sub") != claims["sub"]:
            raise NotAuthenticated("The identity provider tells of somebody else")
        return {**more, **claims}

    def _prove(self, claims: dict[str, Any]) -> Proven:
        settings, subject = self._settings, claims["sub"]
        username = _claim(claims, settings.oidc_username_claim)
        if not (isinstance(subject, str) and is_well_formed(subject)):
            raise NotAuthenticated("The identity provider's answer names nobody")
        return Proven(
            issuer=settings.oidc_issuer,
            subject=subject,
            username=username if isinstance(username, str) else None,
            is_admin=self._is_admin(claims) if settings.oidc_admin_claim else None,
        )

    def _is_admin(self, claims: dict[str, Any]) -> bool:
        found = _claim(claims, self._settings.oidc_admin_claim)
        values = found if isinstance(found, list) else [found]
        return self._settings.oidc_admin_value in ["true" if value is True else value for value in values]


def _claim(claims: dict[str, Any], name: str) -> Any:
    """Return a claim by its name, or by a path as `realm_access.roles`; None without it."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _refusal(exc: Exception) -> NotAuthenticated | NotAllowed:
    """Say why nobody is signed in. The provider's own words go to the log alone: the callback's address holds them."""
    error = str(getattr(exc, "error", ""))
    log.warning("single sign-on failed: %s", error if error.isidentifier() else type(exc).__name__)
    if error == "access_denied":
        return NotAllowed("The identity provider did not let you in, or you did not let it tell us who you are")
    if error == "mismatching_state":
        return NotAuthenticated("This sign-in was not begun in this browser, or was begun too long ago; begin again")
    return NotAuthenticated("The identity provider's answer does not verify; begin again")


def _unreachable(exc: Exception) -> SourceError:
    log.warning("the identity provider fails: %s: %s", type(exc).__name__, exc)
    return SourceError("The identity provider does not answer as it should; try again later", permanent=False)
