"""A browser that signs in at an identity provider."""

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests
from flask.testing import FlaskClient

from downloads_app.config import current_settings
from tests.support.identity_provider import CrookedProvider, pass_through
from tests.support.server import free_port

LOGIN, CALLBACK = "/api/auth/oidc/login", "/api/auth/oidc/callback"
PUBLIC_URL = f"http://127.0.0.1:{free_port()}"


def downloads_dir() -> Path:
    """Return where the application at work keeps files."""
    return current_settings().downloads_dir


def begin(client: FlaskClient, query: str = "") -> str:
    """Return the provider's address to which the page's button leads."""
    answer = client.get(LOGIN + query)
    assert answer.status_code == 302, answer.text
    return str(answer.headers["Location"])


def sign_in(client: FlaskClient, login: str, query: str = "") -> Any:
    """Sign in at the real provider in a fresh browser; return the callback's answer."""
    back = pass_through(requests.Session(), begin(client, query), login)
    return client.get(back.removeprefix(PUBLIC_URL))


def come_back(client: FlaskClient, crooked: CrookedProvider) -> Any:
    """Come back from the crooked provider with a code; return the callback's answer."""
    asked = parse_qs(urlsplit(begin(client)).query)
    crooked.nonce = asked["nonce"][0]
    return client.get(f"{CALLBACK}?code=any&state={asked['state'][0]}")


def who(client: FlaskClient) -> Any:
    """Return who the browser's cookies sign in."""
    return client.get("/api/auth/me")
