"""Keys that sign tokens are changed: what the previous ones signed is still good, and nothing new is signed by them."""

import base64
import json
from collections.abc import Callable
from typing import Any

import jwt
import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_jwt_extended import create_access_token

from downloads_app.config import SETTINGS, ConfigError, current_settings, load_settings
from downloads_app.errors import NotAuthenticated, TooMany
from downloads_app.models import User
from downloads_app.services.accounts import attempts, signatures, tokens
from downloads_app.services.accounts.attempts import Attempt
from tests.conftest import PASSWORD

OLD, NEW, OTHER = "o" * 32, "n" * 32, "x" * 32


@pytest.fixture
def make_app(make_app: Callable[..., Flask]) -> Callable[..., Flask]:
    """The application after a rotation."""
    return lambda **_: make_app(jwt_secret_key=NEW, previous_jwt_secret_keys=(OTHER, OLD))


def sign(user: User, key: str, **headers: Any) -> str:
    content = jwt.decode(create_access_token(identity=user.id), NEW, algorithms=["HS256"])
    return jwt.encode(content, key, "HS256", headers)


def verify(raw: str) -> str:
    return tokens.verify(current_settings(), raw).user_id


def test_new_tokens_name_the_present_key(alice: User) -> None:
    pair = tokens.issue_pair(current_settings(), alice)
    for raw in (pair.access, pair.refresh, tokens.issue_access(current_settings(), alice)):
        assert jwt.get_unverified_header(raw)["kid"] == signatures.kid_of(NEW)
        jwt.decode(raw, NEW, algorithms=["HS256"])
    assert OLD not in signatures.kid_of(OLD)


def test_what_a_previous_key_signed_is_good_with_and_without_its_name(alice: User) -> None:
    for key in (NEW, OTHER, OLD):
        assert verify(sign(alice, key)) == verify(sign(alice, key, kid=signatures.kid_of(key))) == alice.id


def test_a_key_that_is_not_ours_or_not_the_one_named_is_refused(alice: User) -> None:
    for raw in (
        sign(alice, "y" * 32),
        sign(alice, "y" * 32, kid=signatures.kid_of(NEW)),
        sign(alice, OLD, kid=signatures.kid_of(NEW)),
        sign(alice, NEW, kid=signatures.kid_of(OLD)),
        sign(alice, NEW, kid="unknown"),
        sign(alice, NEW, kid=""),
        sign(alice, NEW, kid="../../etc/passwd"),
    ):
        with pytest.raises(NotAuthenticated, match="not valid"):
            verify(raw)


@pytest.mark.parametrize("kid", [7, [], {}, True])
def test_a_name_that_is_no_text_is_refused(alice: User, kid: Any) -> None:
    head, body, signature = sign(alice, NEW).split(".")
    forged = base64.urlsafe_b64encode(json.dumps({"alg": "HS256", "kid": kid}).encode()).decode().rstrip("=")
    with pytest.raises(NotAuthenticated):
        verify(f"{forged}.{body}.{signature}")
    assert head != forged


def test_a_sign_in_and_a_known_browser_outlive_the_change(
    client: FlaskClient, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = current_settings()
    before = settings.model_copy(update={"jwt_secret_key": OLD, "previous_jwt_secret_keys": ()})
    pair = tokens.issue_pair(before, alice)
    client.set_cookie(attempts.name_device_cookies(before, "alice")[0], attempts.make_device(before, "alice"))
    monkeypatch.setattr(attempts, "ACCOUNT_AND_ADDRESS_FAILURES", 1)
    for _ in range(2):  # of another browser
        attempt = Attempt("alice", "127.0.0.1")
        try:
            attempts.settle(settings, attempt, False)
        except TooMany:
            break
    signed_in = client.post("/api/auth/login", json={"username": "alice", "password": PASSWORD})
    assert signed_in.status_code == 200
    renewed = client.post("/api/auth/refresh", headers={"Authorization": f"Bearer {pair.refresh}"})
    assert jwt.get_unverified_header(renewed.json["access_token"])["kid"] == signatures.kid_of(NEW)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PREVIOUS_JWT_SECRET_KEYS", f"{OLD},short", "keys of at least 32 bytes"),
        ("PREVIOUS_JWT_SECRET_KEYS", ",".join([OLD] * 11), "at most 10 keys"),
        ("PREVIOUS_PROVIDER_TOKEN_KEYS", ",".join(["a"] * 11), "at most 10 keys"),
        ("DATABASE_URL", "\udcff", "a URL like"),
    ],
)
def test_previous_keys_that_cannot_be_are_named_without_being_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, said: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as refused:
        load_settings()
    line = str(refused.value)
    assert line.startswith(f"error: {name} is a value of {len(value)} bytes; expected: ")
    assert said in line
    assert OLD not in line


def test_keys_are_read_from_a_list_and_shown_nowhere(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREVIOUS_JWT_SECRET_KEYS", f" {OLD} , {OTHER},")
    settings = load_settings()
    assert settings.previous_jwt_secret_keys == (OLD, OTHER)
    assert OLD not in repr(settings)
    assert OLD not in repr(SETTINGS.of(app))
