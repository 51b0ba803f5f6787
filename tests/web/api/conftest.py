"""Attempts to sign in, here and at an identity provider; and a server that is a provider's."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from downloads_app.services.accounts import passwords
from tests.conftest import PASSWORD
from tests.support.file_server import FileServer
from tests.support.identity_provider import CLIENT_ID, CLIENT_SECRET, CrookedProvider
from tests.web.api.attempting import HOME, LOGIN, SignIn
from tests.web.api.signing_on import PUBLIC_URL


@pytest.fixture
def file_server() -> Iterator[FileServer]:
    """A web server on loopback."""
    with FileServer() as server:
        yield server


@pytest.fixture
def quick_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compare without hashing: these tests make hundreds of attempts, and hashing is slow by design."""
    monkeypatch.setattr(passwords, "matches", lambda stored, password: stored is not None and password == PASSWORD)


@pytest.fixture
def attempt(app: Flask) -> SignIn:
    """Try to sign in as a client that keeps no cookies, unless one is given."""

    def ask(
        password: str = "wrong", name: str = "alice", address: str = HOME, client: FlaskClient | None = None
    ) -> TestResponse:
        client = client or app.test_client(use_cookies=False)
        body = {"username": name, "password": password}
        return client.post(LOGIN, json=body, environ_base={"REMOTE_ADDR": address})

    return ask


@pytest.fixture
def make_client(make_app: Callable[..., Flask]) -> Iterator[Callable[..., FlaskClient]]:
    """Make a client of an application that signs in at an issuer."""
    contexts = []

    def make(issuer: str, **settings: Any) -> FlaskClient:
        chosen = {"auth_create_users": True, "oidc_client_secret": CLIENT_SECRET} | settings
        app = make_app(oidc_issuer=issuer, oidc_client_id=CLIENT_ID, public_url=PUBLIC_URL, **chosen)
        context = app.app_context()
        context.push()
        contexts.append(context)
        return app.test_client()

    yield make
    for context in reversed(contexts):
        context.pop()


@pytest.fixture
def crooked() -> Iterator[CrookedProvider]:
    """A provider that signs what a test wants."""
    with CrookedProvider() as provider:
        yield provider
