"""What a provider is shown: passwords, a header, a signature, a certificate, and all of it at its own origin only."""

import base64
import dataclasses
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access
from downloads_app.sources.connection import Connection
from downloads_app.sources.fetching import fetch_text
from tests.support.certificates import make_authority, make_client_certificate
from tests.support.file_server import Fault, FileServer

BASIC = "Basic " + base64.b64encode("jürgen:pass:wörd".encode()).decode()


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as running:
        running.put("x", b"here")
        yield running


@pytest.fixture
def other() -> Iterator[FileServer]:
    with FileServer() as running:
        running.put("x", b"there")
        yield running


def fetch(access: Access, path: str = "x") -> bytes:
    return fetch_text(access, access.url + path, limit_bytes=1000).body


def shown_to(server: FileServer, name: str) -> list[str | None]:
    return [request.headers.get(name) for request in server.requests]


def access_to(server: FileServer, **secrets: str) -> Access:
    return Access(server.url, allow_private_network=True, **secrets)  # type: ignore[arg-type]  # by their names


def test_a_user_name_and_a_password_go_as_basic_authentication(server: FileServer) -> None:
    fetch(access_to(server, username="jürgen", password="pass:wörd"))
    assert shown_to(server, "authorization") == [BASIC]


def test_a_user_name_needs_no_password(server: FileServer) -> None:
    fetch(access_to(server, username="key"))
    assert shown_to(server, "authorization") == ["Basic " + base64.b64encode(b"key:").decode()]


def test_a_header_of_ones_own_goes_beside_the_token(server: FileServer) -> None:
    fetch(access_to(server, token="t", header_name="X-Api-Key", header_value="one two"))
    assert shown_to(server, "x-api-key") == ["one two"]
    assert shown_to(server, "authorization") == ["Bearer t"]


def test_a_signature_is_made_anew_for_each_request_and_covers_its_range(server: FileServer) -> None:
    access = access_to(server, username="key", password="secret", signing_region="eu-central-1")
    for wanted in ("bytes=0-0", "bytes=1-1"):
        fetch_text(access, server.url + "x", limit_bytes=1000, headers=[f"Range: {wanted}"])
    first, second = shown_to(server, "authorization")
    assert first is not None
    assert first.startswith("AWS4-HMAC-SHA256 Credential=key/")
    assert "/eu-central-1/s3/aws4_request" in first
    assert "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date" in first
    assert first != second
    assert "secret" not in str(server.requests)


@pytest.mark.parametrize(
    "secrets",
    [
        {"username": "key", "password": "secret"},
        {"username": "key", "password": "secret", "signing_region": "us-east-1"},
        {"header_name": "X-Api-Key", "header_value": "secret"},
        {"token": "secret"},
    ],
)
def test_secrets_leave_with_no_redirect_to_another_port_and_come_back_with_one_back(
    server: FileServer, other: FileServer, secrets: dict[str, str]
) -> None:
    server.fail("a", Fault(redirect=other.url + "b"))
    other.fail("b", Fault(redirect=server.url + "x"))
    assert fetch(access_to(server, **secrets), "a") == b"here"
    for name in ("authorization", "x-api-key", "x-amz-date"):
        assert shown_to(other, name) == [None]
    first, last = server.requests
    assert ("authorization" in first.headers) == ("header_name" not in secrets)
    assert first.headers.keys() == last.headers.keys()


def test_access_shows_no_secret_when_it_is_printed(server: FileServer) -> None:
    names = ("token", "password", "username", "header_value", "client_certificate")
    access = access_to(server, **dict.fromkeys(names, "secret"))
    assert "secret" not in repr(access)


@pytest.mark.parametrize("named", ["localhost", "LOCALHOST.", "localhost:{port}"])
def test_a_redirect_to_a_second_private_host_is_followed_where_it_is_named(
    server: FileServer, other: FileServer, named: str
) -> None:
    server.fail("a", Fault(redirect=f"http://localhost:{other.port}/x"))
    access = dataclasses.replace(access_to(server, token="t"), allow_hosts=(named.format(port=other.port),))
    assert fetch(access, "a") == b"there"
    assert shown_to(other, "authorization") == [None]


@pytest.mark.parametrize("named", ["localhost:1", "other.example", "localhost.example", "127.0.0.1", "[::1]"])
def test_a_redirect_to_a_private_host_of_another_name_or_port_is_not(
    server: FileServer, other: FileServer, named: str
) -> None:
    server.fail("a", Fault(redirect=f"http://localhost:{other.port}/x"))
    with pytest.raises(SourceError, match="private address"):
        fetch(dataclasses.replace(access_to(server), allow_hosts=(named,)), "a")
    assert other.requests == []


def test_a_host_that_is_named_needs_no_other_permission(server: FileServer) -> None:
    assert fetch(Access(server.url, allow_hosts=(f"127.0.0.1:{server.port}",))) == b"here"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FileServer, FileServer, Path, str]]:
    """Two servers that want a certificate; the authority's file; a certificate and its key."""
    folder = tmp_path_factory.mktemp("authority")
    ca_file, context = make_authority(folder)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(ca_file)
    with FileServer(context) as one, FileServer(context) as two:
        for server in (one, two):
            server.put("x", b"for those with a certificate")
        yield one, two, ca_file, make_client_certificate(folder)


def test_a_client_certificate_is_shown(authority: tuple[FileServer, FileServer, Path, str]) -> None:
    server, _, ca_file, certificate = authority
    access = Access(server.url, allow_private_network=True, ca_file=str(ca_file), client_certificate=certificate)
    assert fetch(access) == b"for those with a certificate"
    with pytest.raises(SourceError):
        fetch(dataclasses.replace(access, client_certificate=None))


def test_a_client_certificate_is_shown_to_its_own_origin_only(
    authority: tuple[FileServer, FileServer, Path, str],
) -> None:
    server, other, ca_file, certificate = authority
    access = Access(server.url, allow_private_network=True, ca_file=str(ca_file), client_certificate=certificate)
    server.fail("a", Fault(redirect=other.url + "x"))
    connection = Connection(access)
    try:
        with pytest.raises(SourceError):
            fetch_text(access, server.url + "a", limit_bytes=1000, connection=connection)
        assert other.requests == []
        again = fetch_text(access, server.url + "x", limit_bytes=1000, connection=connection)
    finally:
        connection.close()
    assert again.body == b"for those with a certificate"
