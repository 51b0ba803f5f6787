"""What one user may take of a process at a time; a rate is 429 and says when to come back."""

from collections.abc import Callable

import pytest
from flask import Flask

from downloads_app.errors import TooMany
from downloads_app.models import User
from downloads_app.web.shares import SHARES, Share
from tests.conftest import bearer


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One kind of database will do."""
    return sqlite_url


def test_a_place_is_one_users_and_given_back_once() -> None:
    share = Share(2, "requests")
    first, _second = share.take("alice"), share.take("alice")
    with pytest.raises(TooMany, match="2 requests of yours"):
        share.take("alice")
    share.take("bob")
    first()
    first()
    share.take("alice")
    with pytest.raises(TooMany):
        share.take("alice")


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> object:
    made = make_app(max_requests_per_user=2)
    with made.app_context():
        yield made


def test_a_users_requests_under_way_are_bounded_and_places_come_back(app: Flask, alice: User, bob: User) -> None:
    client = app.test_client()
    share = SHARES.of(app)["requests"]
    for path in ("/api/auth/me", "/api/downloads/none", "/api/users", "/api/downloads?page=x"):
        for _ in range(3):
            assert client.get(path, headers=bearer(alice)).status_code in (200, 403, 404, 422)
    places = [share.take(alice.id), share.take(alice.id)]
    refused = client.get("/api/auth/me", headers=bearer(alice))
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 0
    assert client.get("/api/auth/me", headers=bearer(bob)).status_code == 200
    for give_back in places:
        give_back()
    assert client.get("/api/auth/me", headers=bearer(alice)).status_code == 200
