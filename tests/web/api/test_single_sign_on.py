"""`/api/auth/oidc`: the code flow against a real provider, and what a crooked one, or a crooked visitor, tries."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey
from sqlalchemy import select

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Identity, User
from downloads_app.services.accounts import identities, passwords, users
from tests.support.identity_provider import CLIENT_ID, CLIENT_SECRET, CrookedProvider, pass_through, real_provider
from tests.support.server import free_port

LOGIN, CALLBACK = "/api/auth/oidc/login", "/api/auth/oidc/callback"
PUBLIC_URL = f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The issuer of a real provider."""
    with real_provider(PUBLIC_URL + CALLBACK) as running:
        yield running


@pytest.fixture
def crooked() -> Iterator[CrookedProvider]:
    """A provider that signs what a test wants."""
    with CrookedProvider() as provider:
        yield provider


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


def test_a_right_answer_of_the_crooked_provider_is_taken(
    crooked: CrookedProvider, make_client: Callable[..., FlaskClient]
) -> None:
    client = make_client(crooked.issuer)
    assert come_back(client, crooked).status_code == 302
    assert who(client).json["username"] == "carol"
    assert crooked.forms[-1]["code_verifier"]


def sign_with_another_key(provider: CrookedProvider) -> None:
    """Give the signer a key that the provider does not show."""
    provider.signing_key = RSAKey.generate_key(2048, {"kid": "first"})


def wrong_answers() -> dict[str, Callable[[CrookedProvider], Any]]:
    """What a provider, or who stands between, may not get away with."""
    return {
        "another audience": lambda p: p.claims.update(aud="another-client"),
        "another audience that names us as its party": lambda p: p.claims.update(aud="another-client", azp=CLIENT_ID),
        "another issuer": lambda p: p.claims.update(iss="https://evil.example"),
        "no nonce": lambda p: p.claims.update(nonce=None),
        "another nonce": lambda p: p.claims.update(nonce="of another sign-in"),
        "expired": lambda p: p.claims.update(exp=1_000_000_000),
        "no expiry": lambda p: p.claims.update(exp=None),
        "no subject": lambda p: p.claims.update(sub=None),
        "signed by nobody": lambda p: p.header.update(alg="none"),
        "signed with the public key as a secret": lambda p: p.header.update(alg="HS256"),
        "an algorithm that was not offered": lambda p: p.header.update(alg="RS512"),
        "signed by another key under the same name": sign_with_another_key,
        "an unknown key": lambda p: p.header.update(kid="second"),
    }


@pytest.mark.parametrize("what", wrong_answers())
def test_a_token_that_does_not_hold_signs_nobody_in(
    crooked: CrookedProvider, make_client: Callable[..., FlaskClient], what: str
) -> None:
    client = make_client(crooked.issuer)
    wrong_answers()[what](crooked)
    answer = come_back(client, crooked)
    assert answer.status_code == 401, answer.text
    assert who(client).status_code == 401
    assert db.session.scalars(select(Identity)).all() == []


def test_a_provider_that_names_itself_otherwise_is_not_asked(
    crooked: CrookedProvider, make_client: Callable[..., FlaskClient]
) -> None:
    client = make_client(crooked.issuer)
    crooked.configuration["issuer"] = "https://evil.example"
    answer = client.get(LOGIN)
    assert answer.status_code == 424
    assert "evil" not in answer.text


def test_a_callback_of_another_issuer_is_refused_before_the_code_goes_out(
    crooked: CrookedProvider, make_client: Callable[..., FlaskClient]
) -> None:
    client = make_client(crooked.issuer)
    state = parse_qs(urlsplit(begin(client)).query)["state"][0]
    assert client.get(f"{CALLBACK}?code=any&state={state}&iss=https://evil.example").status_code == 401
    assert "/token" not in crooked.asked


def test_userinfo_of_somebody_else_is_refused(
    crooked: CrookedProvider, make_client: Callable[..., FlaskClient]
) -> None:
    client = make_client(crooked.issuer)
    crooked.claims["preferred_username"] = None
    crooked.userinfo = {"sub": "another", "preferred_username": "carol"}
    assert come_back(client, crooked).status_code == 401
    crooked.userinfo["sub"] = "4711"
    assert come_back(client, crooked).status_code == 302


def test_a_provider_that_is_away_is_told_as_such(make_client: Callable[..., FlaskClient]) -> None:
    answer = make_client(f"http://127.0.0.1:{free_port()}").get(LOGIN)
    assert answer.status_code == 424
    assert "identity provider" in answer.json["message"]


def test_a_refusal_at_the_provider_shows_our_words_alone(
    crooked: CrookedProvider, make_client: Callable[..., FlaskClient]
) -> None:
    client = make_client(crooked.issuer)
    answer = client.get(f"{CALLBACK}?error=access_denied&error_description=call+0900&state=x")
    assert answer.status_code == 403
    assert "0900" not in answer.text


def test_failed_callbacks_of_one_address_are_limited(
    crooked: CrookedProvider, make_client: Callable[..., FlaskClient]
) -> None:
    client = make_client(crooked.issuer)
    answers = [client.get(f"{CALLBACK}?code=x&state={number}").status_code for number in range(52)]
    assert set(answers[:50]) == {401}
    assert answers[-1] == 429


def test_a_name_that_cannot_be_one_makes_no_user(
    crooked: CrookedProvider, make_client: Callable[..., FlaskClient]
) -> None:
    client = make_client(crooked.issuer)
    crooked.userinfo = {"sub": "4711"}
    for name in ("../etc", "", None, 7, "a" * 300):
        crooked.claims["preferred_username"] = name
        assert come_back(client, crooked).status_code == 422, name
    assert db.session.scalars(select(User)).all() == []


def test_begun_sign_ins_do_not_outgrow_a_cookie(
    crooked: CrookedProvider, make_client: Callable[..., FlaskClient]
) -> None:
    client = make_client(crooked.issuer)
    for _ in range(30):
        begin(client, "?next=/" + "a" * 400)
    cookie = client.get_cookie("sign-on")
    assert cookie is not None
    assert len(cookie.value) < 4000
    assert come_back(client, crooked).status_code == 302


def test_a_user_of_the_provider_has_no_password(
    crooked: CrookedProvider, make_client: Callable[..., FlaskClient]
) -> None:
    client = make_client(crooked.issuer)
    come_back(client, crooked)
    assert not passwords.matches(users.find_user("carol").password_hash, passwords.NO_PASSWORD)
    answer = client.post("/api/auth/login", json={"username": "carol", "password": passwords.NO_PASSWORD})
    assert answer.status_code == 401


def test_the_routes_are_not_there_without_an_issuer(client: FlaskClient) -> None:
    assert client.get(LOGIN).status_code == 404
    assert client.get(CALLBACK).status_code == 404
