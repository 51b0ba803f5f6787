"""What the shipped nginx configuration keeps closed: other names, plain HTTP, what a file could do in a browser."""

import socket
import ssl
import stat
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import requests

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import DownloadFile, User, utc_now
from downloads_app.services.accounts import tokens
from downloads_app.web.api.download_files import FILE_HEADERS
from tests.support.downloading import folder_of
from tests.support.front import Front
from tests.support.rows import add_download
from tests.support.server import Server, wait_until

HSTS = "Strict-Transport-Security"


@pytest.fixture(scope="module")
def downloads_dir(instance_dir: Path) -> Path:
    return instance_dir / "downloads"


@pytest.fixture(scope="module")
def front(downloads_dir: Path) -> Iterator[Front]:
    changes = {
        "/var/lib/downloads-app/downloads/": f"{downloads_dir}/",
        "limit_conn downloads_requests 100;": "limit_conn downloads_requests 4;",
    }
    with Front(changes=changes) as front:
        yield front


@pytest.fixture(scope="module", autouse=True)
def server(start_server: Callable[..., Server], front: Front) -> Server:
    """The application behind `front`, which sends finished files in its place."""
    server = start_server(bind=f"unix:{front.socket_path}", trusted_proxies="unix", accel_redirect_prefix="/_files/")
    wait_until(lambda: get(front, "/healthz").status_code == 200, what="the application behind nginx")
    return server


def get(front: Front, path: str, user: User | None = None, **headers: str) -> requests.Response:
    signed_in = {"Authorization": f"Bearer {tokens.issue_access(current_settings(), user)}"} if user else {}
    return requests.get(front.url + path, verify=str(front.certificate), headers=signed_in | headers, timeout=30)


def test_the_id_that_nginx_gives_a_request_is_in_the_answer_and_in_the_log(
    front: Front, server: Server, alice: User
) -> None:
    refused = get(front, "/api/users", alice, **{"X-Request-Id": "chosen-by-a-client"})
    assert (refused.status_code, refused.json()["request_id"]) == (403, refused.headers["X-Request-Id"])
    stream = get(front, "/api/downloads/subscribe", alice)
    assert "event: complete" in stream.text
    assert "chosen-by-a-client" not in server.log()
    for answer, said in ((refused, "403 for user"), (stream, "stream ended")):
        wait_until(partial(logged, server, answer), what="the line")  # which may come after the answer's last byte
        assert said in logged(server, answer)


def logged(server: Server, answer: requests.Response) -> str:
    """Return the line of the log that has an answer's id; "" if there is none yet."""
    return next((line for line in server.log().splitlines() if answer.headers["X-Request-Id"] in line), "")


def test_a_file_that_nginx_sends_keeps_what_guards_a_browser(front: Front, alice: User) -> None:
    download = add_download(alice, status="completed")
    file = folder_of(download) / "page.html"
    file.parent.mkdir(parents=True)
    file.write_text("<script>alert(1)</script>")
    row = DownloadFile(download_id=download.id, position=0, path="page.html", url="http://x/", completed_at=utc_now())
    db.session.add(row)
    db.session.commit()
    answer = get(front, f"/api/downloads/{download.id}/files/page.html", alice)
    assert (answer.status_code, answer.text) == (200, "<script>alert(1)</script>")
    for name, value in FILE_HEADERS.items():
        assert answer.headers[name] == value
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert HSTS in answer.headers
    assert len(answer.headers["X-Request-Id"]) == 32
    part = get(front, f"/api/downloads/{download.id}/files/page.html", alice, Range="bytes=1-6")
    assert (part.status_code, part.text) == (206, "script")
    assert part.headers["Content-Security-Policy"] == FILE_HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/", "/healthz", "/api/auth/me", "/metrics", "/nothing"])
def test_every_answer_keeps_browsers_on_https(front: Front, path: str) -> None:
    answer = get(front, path)
    assert "max-age=" in answer.headers[HSTS]
    assert "," not in answer.headers[HSTS]  # said once, by nginx


def test_another_name_gets_no_answer(front: Front) -> None:
    for host in ("evil.example", "downloads.example.org.evil.example"):
        with pytest.raises(requests.ConnectionError):
            get(front, "/healthz", Host=host)
        with pytest.raises(requests.ConnectionError):
            requests.get(front.plain_url, headers={"Host": host}, timeout=30)
    assert get(front, "/healthz", Host="downloads.example.org").ok
    moved = requests.get(front.plain_url, headers={"Host": "downloads.example.org"}, timeout=30, allow_redirects=False)
    assert moved.headers["Location"].startswith("https://downloads.example.org/")


def test_what_proves_the_name_to_the_certificates_authority_is_shown_by_plain_http(front: Front) -> None:
    folder = front.folder / "www/.well-known/acme-challenge"
    folder.mkdir(parents=True)
    (folder / "proof").write_text("shown")
    headers = {"Host": "downloads.example.org"}
    for path, status in (("proof", 200), ("other", 404), ("%2e%2e/%2e%2e/x", 308)):
        url = f"{front.plain_url}/.well-known/acme-challenge/{path}"
        assert requests.get(url, headers=headers, timeout=30, allow_redirects=False).status_code == status


def test_who_asks_for_another_name_does_not_even_see_the_certificate() -> None:
    context = ssl._create_unverified_context()
    with Front(changes={"ssl_reject_handshake on;": "ssl_reject_handshake on;"}) as shipped:
        for name in ("evil.example", None):
            with socket.create_connection(("127.0.0.1", shipped.port), 30) as plain, pytest.raises(ssl.SSLError):
                context.wrap_socket(plain, server_hostname=name)
        with socket.create_connection(("127.0.0.1", shipped.port), 30) as plain:
            context.wrap_socket(plain, server_hostname="downloads.example.org").close()


def test_the_socket_is_for_its_owner_and_the_web_servers_group(front: Front) -> None:
    status = front.socket_path.stat()
    assert stat.S_IMODE(status.st_mode) == 0o770


def test_an_address_has_so_many_requests_at_a_time(front: Front) -> None:
    context = ssl.create_default_context(cafile=str(front.certificate))
    slow = []
    for _ in range(4):
        plain = socket.create_connection(("127.0.0.1", front.port), 30)
        slow.append(context.wrap_socket(plain, server_hostname="127.0.0.1"))
        slow[-1].sendall(b"POST /api/auth/login HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\n")
    answers: list[requests.Response] = []

    def is_refused() -> bool:
        answers.append(get(front, "/healthz"))
        return answers[-1].status_code == 429

    wait_until(is_refused, 10, "the limit")
    refused = answers[-1]
    assert refused.json()["code"] == 429
    assert int(refused.headers["Retry-After"]) > 0
    for connection in slow:
        connection.close()
    wait_until(lambda: get(front, "/healthz").ok, 10, "the end of the limit")


def test_an_address_signs_in_so_often(front: Front) -> None:
    """Thirty times a minute, and twenty at once: so the one after those is nginx's to refuse. The last test here."""
    statuses = []
    for _ in range(60):
        answer = requests.post(f"{front.url}/api/auth/login", verify=str(front.certificate), json={}, timeout=30)
        statuses.append(answer.status_code)
        if answer.status_code == 429:
            assert int(answer.headers["Retry-After"]) > 0
            break
    assert set(statuses[:10]) == {422}
    assert statuses[-1] == 429
