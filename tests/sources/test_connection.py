"""Redirects and credentials: what leaves this machine, and for where."""

import pycurl
import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access
from downloads_app.sources.connection import Connection
from downloads_app.sources.fetching import fetch_text
from tests.sources.reaching import TOKEN, access_to
from tests.support.file_server import Fault, FileServer
from tests.support.pages import Page, Pages, serve_pages


def test_the_token_follows_a_redirect_within_its_origin(server: FileServer) -> None:
    server.put("b", b"here")
    server.fail("a", Fault(redirect="/b"))
    response = fetch_text(access_to(server), server.url + "a", limit_bytes=1000)
    assert response.body == b"here"
    assert server.requests[1].headers["authorization"] == f"Bearer {TOKEN}"


def test_the_token_never_goes_to_another_port_of_the_same_host(server: FileServer, other: FileServer) -> None:
    other.put("b", b"here")
    server.fail("a", Fault(redirect=other.url + "b"))
    assert fetch_text(access_to(server), server.url + "a", limit_bytes=1000).body == b"here"
    assert "authorization" not in other.requests[0].headers


@pytest.mark.parametrize(
    ("own", "other"),
    [
        ("http://hub.invalid:8080", "http://hub.invalid:808/x"),
        ("http://hub.invalid:808", "http://hub.invalid:8080/x"),
        ("http://hub.invalid", "http://hub.invali/x"),
        ("http://hub.invalid", "http://hub.invalid@other.invalid/x"),
        ("http://hub.invalid?", "http://hub.invalid.example/x"),
        ("http://hub.invalid", "http://hub.invalid:81/x"),
    ],
)
def test_the_token_goes_to_no_origin_whose_name_only_begins_alike(own: str, other: str) -> None:
    """The provider's address has no path, which once cut its origin a character short."""
    with serve_pages(lambda address: Page(status=302, headers={"Location": other})) as proxy:
        connection = Connection(Access(own, token=TOKEN, proxy_url=proxy.url))
        for address in (own, other):
            connection.aim(address)
            connection.curl.perform()
        connection.close()
    own_headers, other_headers = (headers for _, headers in proxy.requests)
    assert own_headers["authorization"] == f"Bearer {TOKEN}"
    assert "authorization" not in other_headers or TOKEN not in other_headers["authorization"]


@pytest.mark.parametrize("same", ["http://HUB.invalid/x", "http://hub.invalid./x", "http://hub.invalid:80/x"])
def test_the_token_goes_to_its_origin_however_that_is_written(proxy: Pages, same: str) -> None:
    fetch_text(Access("http://hub.invalid", token=TOKEN, proxy_url=proxy.url), same, limit_bytes=1000)
    assert proxy.requests[0][1]["authorization"] == f"Bearer {TOKEN}"


def test_the_token_comes_back_with_a_redirect_back(server: FileServer, other: FileServer) -> None:
    server.put("c", b"here")
    server.fail("a", Fault(redirect=other.url + "b"))
    other.fail("b", Fault(redirect=server.url + "c"))
    assert fetch_text(access_to(server), server.url + "a", limit_bytes=1000).body == b"here"
    assert server.requests[1].headers["authorization"] == f"Bearer {TOKEN}"


def test_more_than_five_redirects_are_too_many(server: FileServer) -> None:
    server.put("x", b"here")
    server.fail("x", *[Fault(redirect="/x")] * 5)
    assert fetch_text(access_to(server), server.url + "x", limit_bytes=1000).body == b"here"
    server.fail("x", *[Fault(redirect="/x")] * 6)
    with pytest.raises(SourceError, match="more than 5 redirects"):
        fetch_text(access_to(server), server.url + "x", limit_bytes=1000)


@pytest.mark.parametrize("target", ["ftp://127.0.0.1/x", "file:///etc/passwd", "gopher://127.0.0.1/x"])
def test_a_redirect_to_another_scheme_is_refused(server: FileServer, target: str) -> None:
    server.fail("x", Fault(redirect=target))
    with pytest.raises(SourceError, match="not an http or https address") as error:
        fetch_text(access_to(server), server.url + "x", limit_bytes=1000)
    assert error.value.permanent


@pytest.mark.parametrize("host", ["localhost", "[::1]", "127.0.0.2", "0.0.0.0", "[::ffff:127.0.0.1]", "2130706434"])
def test_a_redirect_to_a_private_address_elsewhere_is_refused(server: FileServer, other: FileServer, host: str) -> None:
    server.fail("x", Fault(redirect=f"http://{host}:{other.port}/secret"))
    with pytest.raises(SourceError, match="private address") as error:
        fetch_text(access_to(server), server.url + "x", limit_bytes=1000)
    assert error.value.permanent
    assert other.requests == []


@pytest.mark.parametrize("sign", ["\\", " ", "\t", "\n", "\r"])
def test_an_address_that_parsers_read_differently_is_refused(server: FileServer, sign: str) -> None:
    with pytest.raises(SourceError, match="not an http or https address"):
        fetch_text(access_to(server), f"http://127.0.0.1{sign}@127.0.0.1:{server.port}/x", limit_bytes=1000)


def test_the_providers_own_host_needs_permission_too(server: FileServer) -> None:
    with pytest.raises(SourceError, match="an admin may allow that"):
        fetch_text(Access(server.url), server.url + "x", limit_bytes=1000)
    assert server.requests == []


def test_messages_hold_no_query_and_no_token(server: FileServer) -> None:
    server.fail("x", Fault(redirect="ftp://127.0.0.1/x?signature=abc"))
    with pytest.raises(SourceError) as error:
        fetch_text(access_to(server), server.url + "x", limit_bytes=1000)
    assert "signature" not in str(error.value)
    assert TOKEN not in repr(access_to(server))


@pytest.mark.parametrize("target", ["http://[::1", "http://h:99999/x", "http://h:port/x"])
def test_a_redirect_to_what_is_no_address_is_refused(server: FileServer, target: str) -> None:
    server.fail("x", Fault(redirect=target))
    with pytest.raises(SourceError) as error:
        fetch_text(access_to(server), server.url + "x", limit_bytes=1000)
    assert error.value.permanent


def test_no_text_of_libcurl_is_shown_whatever_its_code() -> None:
    """Its texts repeat what it was given: https://curl.se/libcurl/c/CURLOPT_ERRORBUFFER.html."""
    connection = Connection(Access("http://hub.invalid/"))
    told = [connection.explain(code, "model.gguf").message for code in range(1, 130)]
    connection.close()
    assert all(text.startswith("model.gguf: ") for text in told)
    assert "no answer in time" in told[pycurl.E_OPERATION_TIMEDOUT - 1]
    assert "libcurl's error 129" in told[-1]
