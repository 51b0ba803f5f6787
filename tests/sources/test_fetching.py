"""Small documents: what comes back, within which limits, and packed how."""

import gzip
import zlib

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access
from downloads_app.sources.fetching import fetch_text
from tests.sources.reaching import TOKEN, access_to
from tests.support.file_server import Fault, FileServer
from tests.support.raw_server import RawServer


def test_a_document_comes_with_status_headers_and_address(server: FileServer) -> None:
    server.put("list.json", b'{"files": []}')
    response = fetch_text(access_to(server), server.url + "list.json", limit_bytes=1000)
    assert (response.status, response.body) == (200, b'{"files": []}')
    assert response.headers["content-type"] == "application/octet-stream"
    assert response.url == server.url + "list.json"
    assert server.requests[0].headers["authorization"] == f"Bearer {TOKEN}"
    assert server.requests[0].headers["accept-encoding"] == "identity"


def test_an_error_status_is_an_answer(server: FileServer) -> None:
    assert fetch_text(access_to(server), server.url + "nothing", limit_bytes=1000).status == 404


@pytest.mark.parametrize("fault", [Fault(), Fault(chunked=True, endless=True)])
def test_a_document_that_is_too_long_is_cut_off(server: FileServer, fault: Fault) -> None:
    server.put("list.json", bytes(200_000))
    server.fail("list.json", fault)
    with pytest.raises(SourceError, match="longer than 1000 bytes"):
        fetch_text(access_to(server), server.url + "list.json", limit_bytes=1000)
    assert server.sent_bytes < 16 << 20


def test_an_endless_head_is_cut_off(server: FileServer) -> None:
    server.put("x", b"x")
    server.fail("x", Fault(headers={f"X-{number}": "y" * 8000 for number in range(60)}))
    with pytest.raises(SourceError):
        fetch_text(access_to(server), server.url + "x", limit_bytes=1000)


def test_a_silent_server_is_given_up(server: FileServer) -> None:
    server.put("x", b"x" * 100)
    server.fail("x", Fault(stall_after=10))
    with pytest.raises(SourceError, match="no answer in time") as error:
        fetch_text(access_to(server), server.url + "x", limit_bytes=1000, timeout_seconds=0.5)
    assert not error.value.permanent


def test_a_server_that_speaks_no_http_is_asked_again() -> None:
    with RawServer(b"SSH-2.0-OpenSSH_9.2\r\n") as raw, pytest.raises(SourceError, match="not answer in HTTP") as error:
        fetch_text(Access(raw.url, allow_private_network=True), raw.url, limit_bytes=1000)
    assert not error.value.permanent


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_a_document_that_comes_packed_though_nobody_asked_is_unpacked_within_its_limit(
    server: FileServer, coding: str
) -> None:
    text = b"a listing " * 5_000
    server.put("x", gzip.compress(text) if coding == "gzip" else zlib.compress(text))
    for _ in range(4):
        server.fail("x", Fault(headers={"Content-Encoding": coding}))
    assert fetch_text(access_to(server), server.url + "x", limit_bytes=len(text)).body == text
    with pytest.raises(SourceError, match=f"longer than {len(text) - 1} bytes"):
        fetch_text(access_to(server), server.url + "x", limit_bytes=len(text) - 1)


@pytest.mark.parametrize("coding", ["gzip", "compress", "zstd"])
def test_a_document_that_cannot_be_unpacked_is_refused(server: FileServer, coding: str) -> None:
    server.put("x", b"not packed at all")
    for _ in range(2):
        server.fail("x", Fault(headers={"Content-Encoding": coding}))
    with pytest.raises(SourceError, match="encoded") as caught:
        fetch_text(access_to(server), server.url + "x", limit_bytes=1000)
    assert caught.value.permanent
