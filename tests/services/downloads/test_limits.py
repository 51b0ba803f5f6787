"""How many downloads a user may have: a number of things is a conflict that names it."""

from collections.abc import Callable

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.errors import Conflict
from downloads_app.models import Download, Provider, User
from downloads_app.services.downloads import lifecycle
from tests.support.downloading import add_provider


@pytest.fixture
def app(make_app: Callable[..., Flask]) -> object:
    made = make_app(max_active_downloads_per_user=2, max_downloads_per_user=4)
    with made.app_context():
        yield made


@pytest.fixture
def provider(app: Flask) -> Provider:
    return add_provider()


def create(user: User, provider: Provider, name: str) -> Download:
    return lifecycle.create(current_settings(), user, provider, f"org/{name}")


def test_a_user_has_so_many_active_downloads(alice: User, bob: User, provider: Provider) -> None:
    first, second = create(alice, provider, "1"), create(alice, provider, "2")
    with pytest.raises(Conflict, match=r"2 downloads are active.*MAX_ACTIVE_DOWNLOADS_PER_USER"):
        create(alice, provider, "3")
    create(bob, provider, "1")
    lifecycle.pause(current_settings(), first)
    third = create(alice, provider, "3")
    with pytest.raises(Conflict, match="2 downloads are active"):
        lifecycle.resume(current_settings(), first)
    lifecycle.cancel(current_settings(), second)
    lifecycle.cancel(current_settings(), third)
    lifecycle.resume(current_settings(), first)
    lifecycle.retry(current_settings(), second)
    with pytest.raises(Conflict, match="2 downloads are active"):
        lifecycle.retry(current_settings(), third)


def test_a_users_list_holds_so_many_rows(alice: User, provider: Provider) -> None:
    for number in range(4):
        lifecycle.cancel(current_settings(), create(alice, provider, str(number)))
    with pytest.raises(Conflict, match=r"4 downloads are in the list.*MAX_DOWNLOADS_PER_USER"):
        create(alice, provider, "5")
