"""The shipped nginx configuration with the real nginx before the application, over HTTP/1.1 and HTTP/2."""

import http.client
import os
import signal
import socket
import ssl
import statistics
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.accounts import tokens
from tests.conftest import PASSWORD
from tests.support.curl import Curl
from tests.support.front import Front
from tests.support.rows import add_download
from tests.support.server import Server, wait_until

INTERVAL = 0.5
METRICS_TOKEN = "metrics-token-of-this-test"
PROTOCOLS = ["--http1.1", "--http2"]
OpenCurl = Callable[..., Curl]


@pytest.fixture
def open_curl() -> Iterator[OpenCurl]:
    """Open streams with curl; all are closed at the end."""
    opened: list[Curl] = []

    def open_one(*arguments: Any) -> Curl:
        opened.append(Curl(*arguments))
        return opened[-1]

    yield open_one
    for curl in opened:
        curl.leave()


@pytest.fixture(scope="module")
def front() -> Iterator[Front]:
    with Front(shutdown_seconds=1, changes={"client_header_timeout 15s;": "client_header_timeout 1s;"}) as front:
        yield front


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server], front: Front) -> Server:
    """The application behind `front`."""
    server = start_server(
        workers=2,
        bind=f"unix:{front.socket_path}",
        stream_interval_seconds=INTERVAL,
        stream_drain_seconds=1.5,
        trusted_proxies="unix",
        metrics_token=METRICS_TOKEN,
        metrics_allow="203.0.113.7",
    )
    wait_until(lambda: get(front, "/healthz").status_code == 200, what="the application behind nginx")
    return server


@pytest.fixture
def raw(alice: User) -> str:
    """The token of a user with an active download."""
    add_download(alice)
    return tokens.issue_access(current_settings(), alice)


def get(front: Front, path: str, **options: Any) -> requests.Response:
    return requests.get(front.url + path, verify=str(front.certificate), timeout=30, **options)


def ask_socket(front: Front, path: str, headers: dict[str, str]) -> tuple[int, str]:
    """Ask the application at its socket, as a proxy would."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(30)
    connection.sock.connect(str(front.socket_path))
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def count_open(front: Front) -> int:
    status, body = ask_socket(front, "/metrics", {"Authorization": f"Bearer {METRICS_TOKEN}"})
    assert status == 200
    (line,) = [line for line in body.splitlines() if line.startswith("downloads_streams_open ")]
    return int(float(line.split()[1]))


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_events_arrive_when_they_are_sent(protocol: str, front: Front, raw: str, open_curl: OpenCurl) -> None:
    curl = open_curl(front, raw, protocol)
    curl.wait_updates(8)
    assert curl.head[0].split()[:2] == ["HTTP/2" if protocol == "--http2" else "HTTP/1.1", "200"]
    head = "\n".join(curl.head).lower()
    assert "content-type: text/event-stream; charset=utf-8" in head
    assert "cache-control: no-store, no-transform" in head
    gaps = [later - earlier for earlier, later in pairwise(curl.updates)]
    # Held back in a buffer, most events would come together with others; a single late look is this machine's.
    assert INTERVAL / 2 < statistics.median(gaps) < 1.5 * INTERVAL, gaps


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_client_that_leaves_nginx_leaves_the_application(
    protocol: str, front: Front, raw: str, open_curl: OpenCurl
) -> None:
    curls = [open_curl(front, raw, protocol) for _ in range(4)]
    for curl in curls:
        curl.wait_updates(1)
    wait_until(lambda: count_open(front) == 4, what="the places of earlier clients to come back")
    for curl in curls:
        curl.leave()
    wait_until(lambda: count_open(front) == 0, what="the places to come back")


@pytest.mark.usefixtures("server")
def test_a_reload_of_nginx_costs_a_reconnect(front: Front, raw: str, open_curl: OpenCurl) -> None:
    before = [open_curl(front, raw, protocol) for protocol in PROTOCOLS]
    for curl in before:
        curl.wait_updates(1)
    front.reload()
    after = open_curl(front, raw)
    after.wait_updates(1)
    for curl in before:
        curl.wait_end()  # by worker_shutdown_timeout
        assert "event: complete" not in curl.text
        assert "retry: " in curl.text
    again = [open_curl(front, raw, protocol) for protocol in PROTOCOLS]
    for curl in again:
        curl.wait_updates(2)
    after.wait_updates(3)
    for curl in (*again, after):
        curl.leave()
    wait_until(lambda: count_open(front) == 0, what="the places to come back")


@pytest.mark.usefixtures("server")
def test_a_request_split_over_time_ends_at_nginx_and_delays_nobody(front: Front, raw: str) -> None:
    context = ssl.create_default_context(cafile=str(front.certificate))
    slow = [
        context.wrap_socket(socket.create_connection(("127.0.0.1", front.port), 60), server_hostname="127.0.0.1")
        for _ in range(20)
    ]
    for connection in slow:
        connection.sendall(b"GET /api/downloads/subscribe HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
    headers = {"Authorization": f"Bearer {raw}"}
    assert get(front, "/api/auth/me", headers=headers).status_code == 200
    for connection in slow:
        received = connection.recv(1024)
        assert received == b"" or b" 408 " in received
        connection.close()


def test_while_the_application_is_away_streams_are_told_to_come_back(
    front: Front, raw: str, server: Server, open_curl: OpenCurl
) -> None:
    curls = [open_curl(front, raw, protocol) for protocol in PROTOCOLS]
    for curl in curls:
        curl.wait_updates(1)
    server.send(signal.SIGTERM)
    for curl in curls:
        curl.wait_end()
        assert curl.blocks[-1][1].startswith("retry: ")
    assert server.stop() == 0
    delays = set()
    for _ in range(3):
        for protocol in PROTOCOLS:
            curl = open_curl(front, raw, protocol)
            curl.wait_end()
            assert curl.head[0].split()[1] == "200"
            assert "content-type: text/event-stream; charset=utf-8" in [line.lower() for line in curl.head]
            assert "cache-control: no-store, no-transform" in [line.lower() for line in curl.head]
            (retry,) = [line for line in curl.text.splitlines() if line.startswith("retry: ")]
            delays.add(int(retry.split()[1]))
            assert "event:" not in curl.text
    assert all(1000 <= delay <= 5000 for delay in delays)
    assert get(front, "/api/auth/me").status_code == 502  # only streams are answered in the application's place
    server.start()
    curl = open_curl(front, raw)
    curl.wait_updates(1)


def test_a_process_that_is_killed_costs_a_reconnect(
    front: Front, server: Server, raw: str, open_curl: OpenCurl
) -> None:
    curls = [open_curl(front, raw, protocol) for protocol in PROTOCOLS]
    for curl in curls:
        curl.wait_updates(1)
    assert server.process is not None
    master = server.process.pid
    for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split():
        os.kill(int(pid), signal.SIGKILL)
    for curl in curls:
        curl.wait_end()
        assert "event: complete" not in curl.text
    again = open_curl(front, raw)
    again.wait_updates(2)
    assert count_open(front) == 1  # those of the dead are counted no more


def test_forwarded_headers_count_from_the_socket(front: Front, server: Server) -> None:
    assert ask_socket(front, "/metrics", {})[0] == 404
    assert ask_socket(front, "/metrics", {"X-Forwarded-For": "203.0.113.7"})[0] == 200
    assert ask_socket(front, "/metrics", {"X-Forwarded-For": "203.0.113.7, 198.51.100.1"})[0] == 404


@pytest.mark.usefixtures("server", "alice")
def test_what_a_client_says_of_itself_is_not_believed_behind_nginx(front: Front) -> None:
    lies = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "http", "X-Forwarded-Prefix": "/elsewhere"}
    assert get(front, "/metrics", headers=lies).status_code == 404
    answer = requests.post(
        f"{front.url}/api/auth/login",
        json={"username": "alice", "password": PASSWORD, "cookies": True},
        headers=lies,
        verify=str(front.certificate),
        timeout=60,
    )
    assert answer.status_code == 200
    assert len(answer.cookies) >= 2
    assert all(cookie.secure for cookie in answer.cookies)


@pytest.mark.usefixtures("server")
def test_more_streams_than_an_address_may_have_are_told_to_come_back(
    server: Server, raw: str, open_curl: OpenCurl, front: Front
) -> None:
    with Front(changes={"downloads_streams 200;": "downloads_streams 2;"}, socket_path=front.socket_path) as strict:
        held = [open_curl(strict, raw) for _ in range(2)]
        for curl in held:
            curl.wait_updates(1)
        refused = open_curl(strict, raw)
        refused.wait_end()
        assert refused.head[0].split()[1] == "200"
        assert "retry: " in refused.text
        assert "event:" not in refused.text
