"""`/api/auth/oidc`: the code flow against a real provider."""

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask.testing import FlaskClient

from downloads_app.services.accounts import identities, users
from tests.support.identity_provider import pass_through, real_provider
from tests.web.api.signing_on import CALLBACK, LOGIN, PUBLIC_URL, begin, downloads_dir, sign_in, who


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The issuer of a real provider."""
    with real_provider(PUBLIC_URL + CALLBACK) as running:
        yield running


def test_whoever_signs_in_at_the_provider_has_an_account_here(
    issuer: str, make_client: Callable[..., FlaskClient]
) -> None:
    client = make_client(issuer)
    answer = sign_in(client, "dora")
    assert answer.status_code == 302, answer.text
    assert answer.headers["Location"] == f"{PUBLIC_URL}/"
    me = who(client).json
    assert (me["username"], me["role"]) == ("dora", "user")
    again = make_client(issuer)
    sign_in(again, "dora")
    assert who(again).json["id"] == me["id"]


def test_the_request_has_a_challenge_a_nonce_and_a_state(issuer: str, make_client: Callable[..., FlaskClient]) -> None:
    asked = parse_qs(urlsplit(begin(make_client(issuer))).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"]
    assert asked["redirect_uri"] == [PUBLIC_URL + CALLBACK]
    assert {"code_challenge", "nonce", "state"} <= set(asked)


def test_the_admin_claim_decides_the_role_at_each_sign_in(issuer: str, make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(issuer, oidc_admin_claim="groups", oidc_admin_value="operators")
    users.create_user(downloads_dir(), "first-admin", "correct horse battery", is_admin=True)
    sign_in(client, "emil:operators")
    emil = users.find_user("emil")
    assert emil.is_admin
    users.set_admin(emil, False)
    sign_in(client, "emil:operators")
    assert users.find_user("emil").is_admin
    sign_in(client, "frida:guests")
    assert not users.find_user("frida").is_admin


def test_somebody_elses_name_leads_to_a_409_until_an_admin_links(
    issuer: str, make_client: Callable[..., FlaskClient]
) -> None:
    client = make_client(issuer)
    bob = users.create_user(downloads_dir(), "bob", "correct horse battery", is_admin=True)
    answer = sign_in(client, "bob")
    assert answer.status_code == 409
    assert "ask an admin to link it" in answer.json["message"]
    assert who(client).status_code == 401
    identities.link(bob, issuer, "bob")
    assert sign_in(client, "bob").status_code == 302
    assert who(client).json["username"] == "bob"


def test_without_leave_to_make_users_a_stranger_is_told_whom_to_ask(
    issuer: str, make_client: Callable[..., FlaskClient]
) -> None:
    answer = sign_in(make_client(issuer, auth_create_users=False), "gustav")
    assert answer.status_code == 403
    assert "Ask an admin" in answer.json["message"]
    assert not users.exists_named("gustav")


def test_a_disabled_user_stays_out(issuer: str, make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(issuer)
    sign_in(client, "hans")
    users.set_disabled(users.find_user("hans"), True)
    assert sign_in(client, "hans").status_code == 403
    assert who(client).status_code == 401


def test_a_callback_works_once_and_in_its_own_browser(issuer: str, make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(issuer)
    back = pass_through(requests.Session(), begin(client), "ida").removeprefix(PUBLIC_URL)
    stranger = client.application.test_client()
    assert stranger.get(back).status_code == 401, "a visitor is not signed in by a link that somebody else has made"
    kept = client.get_cookie("sign-on")
    assert client.get(back).status_code == 302
    assert client.get(back).status_code == 401, "the browser has forgotten the state"
    assert kept is not None
    client.set_cookie("sign-on", kept.value)
    assert client.get(back).status_code == 401, "the provider takes a code once"


def test_no_redirect_leads_elsewhere(issuer: str, make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(issuer)
    wrong = ("//evil.example", "/\\evil.example", "https://evil.example", "/%09/evil.example", "javascript:alert(1)")
    for path in wrong:
        assert sign_in(client, "jan", f"?next={path}").headers["Location"] == f"{PUBLIC_URL}/", path
    assert (
        sign_in(client, "jan", "?next=/history%3Fstatus=failed").headers["Location"].endswith("/history?status=failed")
    )


def test_the_routes_are_not_there_without_an_issuer(client: FlaskClient) -> None:
    assert client.get(LOGIN).status_code == 404
    assert client.get(CALLBACK).status_code == 404
