"""Who is let in although others guess: the browsers in which the user has signed in before."""

from collections.abc import Callable

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.accounts import attempts
from tests.conftest import PASSWORD
from tests.web.api.attempting import AWAY, SignIn, guess_from_many_places, let_pass, retry_after

pytestmark = pytest.mark.usefixtures("quick_hash")


def test_over_twenty_failures_of_an_account_stop_everybody_but_its_own_browsers(
    app: Flask, alice: User, bob: User, attempt: SignIn
) -> None:
    """So nobody locks the owner out."""
    own, others = app.test_client(), app.test_client()
    assert attempt(PASSWORD, client=own).status_code == 200
    assert attempt(PASSWORD, "bob", client=others).status_code == 200
    guess_from_many_places(attempt)
    assert attempt(PASSWORD, address=AWAY).status_code == 429
    assert attempt(PASSWORD, client=others).status_code == 429  # it knows bob, not alice
    assert attempt(PASSWORD, client=own).status_code == 200
    assert attempt(PASSWORD, client=own, address=AWAY).status_code == 200
    let_pass(attempts.WINDOW_SECONDS - 60)
    assert 0 < retry_after(attempt(PASSWORD, address=AWAY)) <= 60
    assert attempt(PASSWORD, client=own).status_code == 200
    let_pass(60)
    assert attempt(PASSWORD, address=AWAY).status_code == 200


def test_a_known_browser_has_five_tries_of_its_own(app: Flask, alice: User, attempt: SignIn) -> None:
    own = app.test_client()
    attempt(PASSWORD, client=own)
    assert [attempt(client=own, address=f"203.0.113.{n}").status_code for n in range(7)] == [401] * 5 + [429] * 2
    assert attempt(PASSWORD, address=AWAY).status_code == 200  # elsewhere nothing has happened


@pytest.mark.parametrize("change", [lambda v: v[:-1] + ("0" if v[-1] != "0" else "1"), lambda v: "", lambda v: "é.é"])
def test_a_device_cookie_that_we_did_not_sign_is_none(
    app: Flask, alice: User, attempt: SignIn, change: Callable[[str], str]
) -> None:
    name = attempts.name_device_cookies(current_settings(), "alice")[0]
    own = app.test_client()
    attempt(PASSWORD, client=own)
    given = own.get_cookie(name, path="/api/auth")
    assert given is not None
    assert given.http_only
    assert "alice" not in f"{name} {given.value}"
    guess_from_many_places(attempt)
    own.set_cookie(name, change(given.value), path="/api/auth")
    assert attempt(PASSWORD, client=own).status_code == 429
