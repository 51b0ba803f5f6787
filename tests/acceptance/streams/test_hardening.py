"""What an abuser may try against the stream; each test names one abuse."""

import base64
import json
import socket
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import rsa

from downloads_app.models import User
from downloads_app.services import tokens
from tests.support.rows import add_download
from tests.support.server import Server, wait_until
from tests.support.sse import StreamClient

INTERVAL = 0.4
PATH = "/api/downloads/subscribe"
OpenStream = Callable[..., StreamClient]

NOBODY = "5e0b3a51-6f0c-4c0e-9d57-2f6f3f1f7c11"


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server]) -> Iterator[Server]:
    """The server of this file; whatever was tried, no token is in its log."""
    server = start_server(
        workers=1,
        stream_interval_seconds=INTERVAL,
        arguments=("--keep-alive", "1", "--access-logfile", "-", "--log-level", "debug"),
    )
    yield server
    assert "Traceback" not in server.log()
    assert "eyJ" not in server.log()


@pytest.fixture
def key(instance_dir: Path) -> str:
    """The key that the server signs with."""
    return (instance_dir / "jwt-secret").read_text().strip()


@pytest.fixture
def victim(alice: User) -> User:
    """A user with an active download."""
    add_download(alice)
    return alice


def claims(user: User, **changes: Any) -> dict[str, Any]:
    """Return the claims of a good access token, some of them changed; None takes one away."""
    now = int(time.time())
    content = {"sub": user.id, "jti": str(uuid.uuid4()), "type": "access", "fresh": False}
    content |= {"iat": now, "nbf": now, "exp": now + 600, "csrf": "x"} | changes
    return {name: value for name, value in content.items() if value is not None}


def check_refused(server: Server, raw: str, message: str | None = None) -> None:
    """Assert that a token opens nothing: 401 in the one error shape, and no byte of a stream."""
    answer = requests.get(server.url + PATH, headers={"Authorization": f"Bearer {raw}"}, stream=True, timeout=30)
    check_unauthorized(answer)
    if message:
        assert answer.json()["message"] == message


def check_unauthorized(answer: requests.Response) -> None:
    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["code"] == 401
    assert "event:" not in answer.text


def test_a_good_token_is_let_in(server: Server, victim: User, key: str, open_stream: OpenStream) -> None:
    """Without this the refusals below would prove nothing."""
    raw = jwt.encode(claims(victim), key, "HS256")
    assert open_stream(server, token=raw).wait_events(1)[0].name == "update"


def test_algorithm_none(server: Server, victim: User) -> None:
    for name in ("none", "None", "NONE", "nOnE"):
        head, body = ({"alg": name, "typ": "JWT"}, claims(victim))
        parts = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (head, body)]
        for signature in ("", "x", tokens.issue_access(victim).rpartition(".")[2]):
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
    check_refused(server, tokens.issue_pair(victim).refresh)
    check_refused(server, jwt.encode(claims(victim, type="Access"), key, "HS256"))


def test_header_and_cookie_that_disagree(server: Server, victim: User, bob: User, open_stream: OpenStream) -> None:
    """The header decides, also when it is bad."""
    cookie = f"access_token_cookie={tokens.issue_access(victim)}"
    by_header = open_stream(server, bob, headers={"Cookie": cookie})
    assert by_header.wait_closed()[0].name == "complete"  # bob has nothing, whatever the cookie's user has
    for header in ("Bearer x", "Bearer ", "", "Basic YTpi", f"Bearer {tokens.issue_access(victim)[:-2]}"):
        headers = {"Authorization": header, "Cookie": cookie}
        check_unauthorized(requests.get(server.url + PATH, headers=headers, stream=True, timeout=30))


def test_two_authorization_headers(server: Server, victim: User, open_stream: OpenStream) -> None:
    second = {"Authorization": f"Bearer {tokens.issue_access(victim)}"}
    assert open_stream(server, token="x", headers=second).wait_status() in (400, 401)


def exchange(server: Server, request: bytes) -> tuple[int, bytes]:
    """Send raw bytes; return the first answer's status (0: closed without one) and all until its end or first event."""
    received = b""
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(request)
        while piece := receive(connection):  # a stream would go on for ever
            received += piece
            if b"event: " in received:
                break
    return int(received.split()[1]) if received else 0, received


def receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except ConnectionResetError:
        return b""  # closed with bytes of ours unread


def get_request(user: User, *headers: bytes) -> bytes:
    """Return a request for the stream as it goes over the wire, with further header lines."""
    lines = [f"GET {PATH} HTTP/1.1".encode(), b"Host: localhost"]
    lines += [f"Authorization: Bearer {tokens.issue_access(user)}".encode(), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n"


def test_a_token_in_the_query_string(server: Server, victim: User) -> None:
    """It opens nothing, and does not reach our log from there either."""
    raw = tokens.issue_access(victim)
    for name in ("jwt", "token", "access_token", "Authorization", "access_token_cookie"):
        check_unauthorized(requests.get(server.url + PATH, params={name: raw}, stream=True, timeout=30))


def test_64_kib_of_headers(server: Server, victim: User, open_stream: OpenStream) -> None:
    status, received = exchange(server, get_request(victim, b"X-Large: " + b"a" * 65536))
    assert status in (0, 400, 431)
    assert b"event:" not in received
    status, received = exchange(server, get_request(victim, *[b"X-Many-%d: %s" % (n, b"a" * 500) for n in range(128)]))
    assert status in (0, 400, 431)
    assert b"event:" not in received
    assert open_stream(server, victim).wait_events(1, "update")


@pytest.mark.parametrize("value", [b"complete-1\rX: y", b"complete-1\nevent: update", b"complete-1\x00"])
def test_cr_lf_or_nul_in_last_event_id(server: Server, victim: User, value: bytes) -> None:
    """Refused, or at least never echoed into the answer's head or body."""
    _, received = exchange(server, get_request(victim, b"Last-Event-ID: " + value))
    head = received.partition(b"\r\n\r\n")[0]
    assert b"complete-1" not in received
    assert b"\nX: y" not in head
    assert received.startswith((b"HTTP/1.1 400", b"HTTP/1.1 200"))


def test_a_line_after_last_event_id_is_another_header(server: Server, victim: User) -> None:
    status, received = exchange(server, get_request(victim, b"Last-Event-ID: complete-1\r\nX-Injected: complete-2"))
    assert status == 200
    assert b"njected" not in received
    assert b"complete" not in received.partition(b"data: ")[0]


def test_a_last_event_id_that_claims_an_end_stops_nobody(server: Server, victim: User, open_stream: OpenStream) -> None:
    for claimed in ("complete-0", "complete-" + "9" * 4000, "complete-", "error-1"):
        stream = open_stream(server, victim, headers={"Last-Event-ID": claimed})
        assert stream.wait_events(1)[0].name == "update"
        stream.close()


def test_a_request_split_over_a_minute(server: Server, victim: User, open_stream: OpenStream) -> None:
    """The whole head must be there within gunicorn's `keepalive` (here 1 s, by default 5); nobody waits meanwhile."""
    stream = open_stream(server, victim)
    stream.wait_events(1)
    slow = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(100)]
    request = get_request(victim)
    began = time.monotonic()
    for number in range(12):
        for connection in slow:
            send_or_not(connection, request[number : number + 1])
        assert requests.get(f"{server.url}/healthz", timeout=30).ok
        stream.wait_events(len(stream.events) + 1)
    for connection in slow:
        assert receive(connection) == b""
        connection.close()
    assert time.monotonic() - began < 20


def send_or_not(connection: socket.socket, piece: bytes) -> None:
    try:
        connection.sendall(piece)
    except (BrokenPipeError, ConnectionResetError):
        return  # that it is closed is what the test is about


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "BREW"])
def test_another_method_than_get(server: Server, victim: User, method: str) -> None:
    headers = {"Authorization": f"Bearer {tokens.issue_access(victim)}"}
    answer = requests.request(method, server.url + PATH, headers=headers, data=b"x" * 100, timeout=30)
    assert answer.status_code == 405
    assert answer.json()["code"] == 405
    assert "GET" in answer.headers["Allow"]


def test_a_body_on_get(server: Server, victim: User) -> None:
    """It is passed over: it neither delays the first event nor becomes a request of its own."""
    smuggled = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    for lines, body in (
        ([b"Content-Length: %d" % len(smuggled)], smuggled),
        ([b"Content-Length: 1000000"], b"never sent in full"),
        ([b"Transfer-Encoding: chunked"], b"%x\r\n%b\r\n0\r\n\r\n" % (len(smuggled), smuggled)),
        ([b"Transfer-Encoding: chunked"], b"5\r\nhel"),
    ):
        status, received = exchange(server, get_request(victim, *lines) + body)
        assert status == 200, received
        assert received.count(b"HTTP/1.1") == 1
        assert b"event: update" in received


def test_a_body_of_two_lengths(server: Server, victim: User) -> None:
    for lines in (
        [b"Content-Length: 5", b"Transfer-Encoding: chunked"],
        [b"Content-Length: 5", b"Content-Length: 6"],
        [b"Content-Length: -1"],
        [b"Transfer-Encoding: chunked, identity"],
    ):
        status, received = exchange(server, get_request(victim, *lines) + b"0\r\n\r\n")
        assert status in (400, 501), received
        assert b"event:" not in received


@pytest.mark.parametrize("raw", ["x" * 7000, "é", "a.b.c", "...", "null", '{"alg":"HS256"}', "eyJ" + "." * 3000])
def test_a_token_that_is_none(server: Server, raw: str) -> None:
    headers = {"Authorization": b"Bearer " + raw.encode()}
    check_unauthorized(requests.get(server.url + PATH, headers=headers, stream=True, timeout=30))
    check_unauthorized(
        requests.get(
            server.url + PATH, headers={"Cookie": b"access_token_cookie=" + raw.encode()}, stream=True, timeout=30
        )
    )


@contextmanager
def pipelined(server: Server, request: bytes) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(request)
        yield connection


def test_a_second_request_sent_behind_the_first(server: Server, victim: User, bob: User) -> None:
    """It does not get into the first one's stream."""
    with pipelined(server, get_request(victim) + b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n") as connection:
        received = b""
        while received.count(b"event: update") < 4:
            received += connection.recv(65536)
        assert received.count(b"HTTP/1.1") == 1


def test_the_log_of_all_this_holds_no_token(server: Server, victim: User, open_stream: OpenStream) -> None:
    stream = open_stream(server, victim)
    stream.wait_events(1)
    stream.close()
    wait_until(lambda: f"user={victim.id}" in server.log(), what="the line about the stream's end")
    assert "eyJ" not in server.log()
