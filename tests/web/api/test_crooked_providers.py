"""`/api/auth/oidc`: what a crooked provider, or a crooked visitor, tries."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey
from sqlalchemy import select

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import Identity, User
from downloads_app.services.accounts import passwords, users
from downloads_app.services.audit.reading import NEWEST_FIRST, page_of_entries
from downloads_app.services.pages import Wanted
from tests.conftest import PASSWORD
from tests.support.identity_provider import CLIENT_ID, CrookedProvider
from tests.support.server import free_port
from tests.web.api.signing_on import CALLBACK, LOGIN, begin, come_back, who


def test_a_right_answer_of_the_crooked_provider_is_taken(
    crooked: CrookedProvider, make_client: Callable[..., FlaskClient]
) -> None:
    client = make_client(crooked.issuer)
    assert come_back(client, crooked).status_code == 302
    assert who(client).json["username"] == "carol"
    assert crooked.forms[-1]["code_verifier"]


def test_no_database_connection_is_held_while_the_provider_takes_its_time(
    crooked: CrookedProvider, make_client: Callable[..., FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A crowd that comes back to a provider that hangs would take the connections of everybody."""
    client = make_client(crooked.issuer)
    held: dict[str, int] = {}
    pool: Any = db.engine.pool
    answer = crooked.answer

    def watched(path: str) -> dict[str, Any]:
        held[path] = pool.checkedout()
        return answer(path)

    monkeypatch.setattr(crooked, "answer", watched)
    assert come_back(client, crooked).status_code == 302
    assert {"/token", "/jwks"} <= held.keys()
    assert set(held.values()) == {0}, held


def test_the_last_admin_stays_one_whatever_the_provider_says(
    crooked: CrookedProvider, make_client: Callable[..., FlaskClient]
) -> None:
    client = make_client(crooked.issuer, oidc_admin_claim="groups", oidc_admin_value="operators")
    crooked.claims["groups"] = ["operators"]
    come_back(client, crooked)
    assert who(client).json["role"] == "admin"
    crooked.claims["groups"] = []
    come_back(client, crooked)
    assert who(client).json["role"] == "admin"
    users.create_user(current_settings().downloads_dir, "another", PASSWORD, is_admin=True)
    come_back(client, crooked)
    assert who(client).json["role"] == "user"


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
    refused = f"{CALLBACK}?error=access_denied&error_description=call+0900&state="
    assert client.get(f"{refused}x").status_code == 401, "a refusal that this browser did not ask for"
    answer = client.get(refused + parse_qs(urlsplit(begin(client)).query)["state"][0])
    assert answer.status_code == 403
    assert "0900" not in answer.text


def test_failed_callbacks_of_one_address_are_limited(
    crooked: CrookedProvider, make_client: Callable[..., FlaskClient]
) -> None:
    client = make_client(crooked.issuer)
    crooked.header["alg"] = "none"
    answers = [come_back(client, crooked).status_code for _ in range(52)]
    assert set(answers[:50]) == {401}
    assert answers[-1] == 429


def test_callbacks_that_nobody_began_lock_nobody_out(
    crooked: CrookedProvider, make_client: Callable[..., FlaskClient]
) -> None:
    client = make_client(crooked.issuer)
    users.create_user(current_settings().downloads_dir, "olga", PASSWORD)
    crooked.header["alg"] = "none"
    for number in range(52):
        assert client.get(f"{CALLBACK}?code=x&state={number}").status_code == 401
        come_back(client, crooked)
    answer = client.post("/api/auth/login", json={"username": "olga", "password": PASSWORD})
    assert answer.status_code == 200, "failed callbacks and wrong passwords count apart"


def test_a_sign_in_begun_long_ago_is_over(crooked: CrookedProvider, make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(crooked.issuer)
    state = parse_qs(urlsplit(begin(client)).query)["state"][0]
    with client.session_transaction() as kept:
        key = next(name for name in kept if name.endswith(state))
        kept[key] = {**kept[key], "exp": 0}
    assert client.get(f"{CALLBACK}?code=x&state={state}").status_code == 401
    assert "/token" not in crooked.asked


def test_a_person_who_is_turned_away_stands_in_the_audit(
    crooked: CrookedProvider, make_client: Callable[..., FlaskClient]
) -> None:
    client = make_client(crooked.issuer, auth_create_users=False)
    assert come_back(client, crooked).status_code == 403
    (entry,) = page_of_entries(Wanted(NEWEST_FIRST), actions=("sign_in_failed",)).rows
    assert "no account here" in (entry.detail or "")


def test_over_https_no_neighbouring_host_can_plant_a_state(
    crooked: CrookedProvider, make_app: Callable[..., Flask]
) -> None:
    app = make_app(oidc_issuer=crooked.issuer, oidc_client_id=CLIENT_ID, public_url="https://x.example")
    answer = app.test_client().get(LOGIN, base_url="https://x.example")
    (cookie,) = answer.headers.getlist("Set-Cookie")
    assert cookie.startswith("__Host-sign-on=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}


def test_a_name_that_cannot_be_one_makes_no_user(
    crooked: CrookedProvider, make_client: Callable[..., FlaskClient]
) -> None:
    client = make_client(crooked.issuer)
    crooked.userinfo = {"sub": "4711"}
    for name in ("../etc", "", None, 7, "a" * 300, "carol\0", "\ud800", "carol\n", "carol\u202e", ["carol"], "cli"):
        crooked.claims["preferred_username"] = name
        answer = come_back(client, crooked)
        assert (answer.status_code, len(answer.text) < 1000) == (422, True), name
    assert db.session.scalars(select(User)).all() == []


def test_a_provider_may_change_its_keys(crooked: CrookedProvider, make_client: Callable[..., FlaskClient]) -> None:
    client = make_client(crooked.issuer)
    assert come_back(client, crooked).status_code == 302
    crooked.key = RSAKey.generate_key(2048, {"kid": "second"})
    crooked.header["kid"] = "second"
    assert come_back(client, crooked).status_code == 302
    crooked.header["kid"] = "first"
    assert come_back(client, crooked).status_code == 401, "it shows that key no longer"


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
    assert not passwords.matches(users.find_user("carol").password_hash, passwords.NO_HASH)
    answer = client.post("/api/auth/login", json={"username": "carol", "password": passwords.NO_HASH})
    assert answer.status_code == 401
