"""What an abuser may try with tokens; each test names one abuse."""

import base64
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.accounts import tokens
from tests.acceptance.streams.hardening.abuse import (
    PATH,
    check_refused,
    check_unauthorized,
    claims,
)
from tests.support.server import Server
from tests.support.sse import StreamClient

OpenStream = Callable[..., StreamClient]
NOBODY = "5e0b3a51-6f0c-4c0e-9d57-2f6f3f1f7c11"


def test_a_good_token_is_let_in(server: Server, victim: User, key: str, open_stream: OpenStream) -> None:
    """Without this the refusals below would prove nothing."""
    raw = jwt.encode(claims(victim), key, "HS256")
    assert open_stream(server, token=raw).wait_events(1)[0].name == "update"


def test_algorithm_none(server: Server, victim: User) -> None:
    for name in ("none", "None", "NONE", "nOnE"):
        head, body = ({"alg": name, "typ": "JWT"}, claims(victim))
        parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (head, body)]
        for signature in ("", "x", tokens.issue_access(current_settings(), victim).rpartition(".")[2]):
            check_refused(server, ".".join([*parts, signature]))


def test_a_token_signed_with_another_key(server: Server, victim: User) -> None:
    for other in ("k" * 32, "k" * 64):
        check_refused(server, jwt.encode(claims(victim), other, "HS256"))


def test_a_token_whose_claims_were_changed_after_signing(server: Server, victim: User, bob: User, key: str) -> None:
    head, _, signature = jwt.encode(claims(victim), key, "HS256").split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims(bob)).encode()).rstrip(b"=").decode()
    check_refused(server, f"{head}.{body}.{signature}")


@pytest.mark.filterwarnings("ignore::jwt.InsecureKeyLengthWarning")
@pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
def test_an_algorithm_swap_within_the_family(server: Server, victim: User, key: str, algorithm: str) -> None:
    check_refused(server, jwt.encode(claims(victim), key, algorithm))


def test_an_algorithm_swap_to_a_public_key(server: Server, victim: User) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    check_refused(server, jwt.encode(claims(victim), private, "RS256"))
    embedded = {"jwk": json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key()))}
    check_refused(server, jwt.encode(claims(victim), private, "RS256", headers=embedded))


def test_an_expired_token(server: Server, victim: User, key: str) -> None:
    raw = jwt.encode(claims(victim, exp=int(time.time()) - 1), key, "HS256")
    check_refused(server, raw, "Token has expired")


def test_a_token_that_is_not_yet_valid(server: Server, victim: User, key: str) -> None:
    ahead = int(time.time()) + 300
    check_refused(server, jwt.encode(claims(victim, nbf=ahead), key, "HS256"))
    check_refused(server, jwt.encode(claims(victim, iat=ahead), key, "HS256"))


@pytest.mark.parametrize(
    "subject",
    ["root", "", "1 OR 1=1", "../../etc/passwd", "\x00", str(uuid.UUID(int=0)), NOBODY, None, "é" * 500],
)
def test_a_foreign_subject(server: Server, victim: User, key: str, subject: str | None) -> None:
    check_refused(server, jwt.encode(claims(victim, sub=subject), key, "HS256"))


@pytest.mark.parametrize("changes", [{"sub": 1}, {"sub": ["x"]}, {"exp": "soon"}, {"iat": "now"}, {"jti": None}])
def test_claims_of_the_wrong_type(server: Server, victim: User, key: str, changes: dict[str, Any]) -> None:
    content = json.dumps(claims(victim, **changes)).encode()
    check_refused(server, jwt.api_jws.encode(content, key, "HS256", headers={"typ": "JWT"}))


def test_a_refresh_token_used_as_access_token(server: Server, victim: User, key: str) -> None:
    check_refused(server, tokens.issue_pair(current_settings(), victim).refresh)
    check_refused(server, jwt.encode(claims(victim, type="Access"), key, "HS256"))


def test_header_and_cookie_that_disagree(server: Server, victim: User, bob: User, open_stream: OpenStream) -> None:
    """The header decides, also when it is bad."""
    cookie = f"access_token_cookie={tokens.issue_access(current_settings(), victim)}"
    by_header = open_stream(server, bob, headers={"Cookie": cookie})
    assert by_header.wait_closed()[0].name == "complete"  # bob has nothing, whatever the cookie's user has
    for header in (
        "Bearer x",
        "Bearer ",
        "",
        "Basic YTpi",
        f"Bearer {tokens.issue_access(current_settings(), victim)[:-2]}",
    ):
        headers = {"Authorization": header, "Cookie": cookie}
        check_unauthorized(requests.get(server.url + PATH, headers=headers, stream=True, timeout=30))


def test_two_authorization_headers(server: Server, victim: User, open_stream: OpenStream) -> None:
    second = {"Authorization": f"Bearer {tokens.issue_access(current_settings(), victim)}"}
    assert open_stream(server, token="x", headers=second).wait_status() in (400, 401)


def test_a_token_in_the_query_string(server: Server, victim: User) -> None:
    """It opens nothing, and does not reach our log from there either."""
    raw = tokens.issue_access(current_settings(), victim)
    for name in ("jwt", "token", "access_token", "Authorization", "access_token_cookie"):
        check_unauthorized(requests.get(server.url + PATH, params={name: raw}, stream=True, timeout=30))


@pytest.mark.parametrize("raw", ["x" * 7000, "é", "a.b.c", "...", "null", '{"alg":"HS256"}', "eyJ" + "." * 3000])
def test_a_token_that_is_none(server: Server, raw: str) -> None:
    headers = {"Authorization": b"Bearer " + raw.encode()}
    check_unauthorized(requests.get(server.url + PATH, headers=headers, stream=True, timeout=30))
    check_unauthorized(
        requests.get(
            server.url + PATH, headers={"Cookie": b"access_token_cookie=" + raw.encode()}, stream=True, timeout=30
        )
    )
