"""Attempts to sign in."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from downloads_app.services.accounts import passwords
from tests.conftest import PASSWORD
from tests.web.api.attempting import HOME, LOGIN, SignIn


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
