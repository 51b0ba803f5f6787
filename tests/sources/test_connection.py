"""Small documents, redirects, credentials, proxies: what leaves this machine, and for where."""

import gzip
import zlib
from collections.abc import Iterator

import pycurl
import pytest

from downloads_app.errors import InvalidInput, SourceError
from downloads_app.services.providers.fields import check_proxy_url
from downloads_app.sources import Access
from downloads_app.sources.connection import Connection, fetch_text
from tests.support.file_server import Fault, FileServer
from tests.support.pages import Page, Pages, serve_pages

TOKEN = "hf_secret"


@pytest.fixture
def server() -> Iterator[FileServer]:
    with FileServer() as running:
        yield running


@pytest.fixture
def other() -> Iterator[FileServer]:
    with FileServer() as running:
        yield running


def access_to(server: FileServer) -> Access:
    return Access(server.url, token=TOKEN, allow_private_network=True)


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
    with pytest.raises(SourceError, match="not allowed"):
        fetch_text(Access(server.url), server.url + "x", limit_bytes=1000)
    assert server.requests == []


def test_messages_hold_no_query_and_no_token(server: FileServer) -> None:
    server.fail("x", Fault(redirect="ftp://127.0.0.1/x?signature=abc"))
    with pytest.raises(SourceError) as error:
        fetch_text(access_to(server), server.url + "x", limit_bytes=1000)
    assert "signature" not in str(error.value)
    assert TOKEN not in repr(access_to(server))


@pytest.fixture
def proxy() -> Iterator[Pages]:
    """A proxy that answers everything by itself, and remembers what it was asked for."""
    with serve_pages(lambda address: Page(b"proxied")) as running:
        yield running


def test_the_providers_proxy_is_used(proxy: Pages) -> None:
    access = Access("http://hub.invalid/", proxy_url=proxy.url)
    assert fetch_text(access, "http://hub.invalid/x", limit_bytes=1000).body == b"proxied"
    assert proxy.paths == ["http://hub.invalid/x"]


def test_the_environments_proxy_is_used_unless_exempted(
    proxy: Pages, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", proxy.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server.put("x", b"direct")
    assert fetch_text(Access("http://hub.invalid/"), "http://hub.invalid/x", limit_bytes=1000).body == b"proxied"
    assert fetch_text(access_to(server), server.url + "x", limit_bytes=1000).body == b"direct"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "169.254.169.254", "[::1]"])
def test_a_proxy_is_not_asked_for_private_addresses(proxy: Pages, host: str) -> None:
    access = Access("http://hub.invalid/", proxy_url=proxy.url)
    with pytest.raises(SourceError, match="private address"):
        fetch_text(access, f"http://{host}/x", limit_bytes=1000)
    assert proxy.requests == []


@pytest.mark.parametrize("target", ["http://[::1", "http://h:99999/x", "http://h:port/x"])
def test_a_redirect_to_what_is_no_address_is_refused(server: FileServer, target: str) -> None:
    server.fail("x", Fault(redirect=target))
    with pytest.raises(SourceError) as error:
        fetch_text(access_to(server), server.url + "x", limit_bytes=1000)
    assert error.value.permanent


BAD_PROXIES = [
    "http://user:pass-word@proxy.invalid:99999",
    "http://user:pass-word@proxy.invalid:port",
    "http://user:pass-word@[::1",
    "http://user:pass-word@",
    "http://us er:pass-word@proxy.invalid",
    "http://user:pass-word\x00@proxy.invalid",
    "http://user:pass-wörd@proxy.invalid",
    "http://user:pass-word@@proxy.invalid",
    "http://user:pass-word/@proxy.invalid",
    "http://user:pass-word#@proxy.invalid",
    "http://user:pass-word@proxy.invalid/path",
    "foo://user:pass-word@proxy.invalid",
    "//user:pass-word@proxy.invalid",
]


@pytest.mark.parametrize("url", BAD_PROXIES)
def test_a_proxy_that_cannot_be_used_is_told_without_its_address(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_proxy_url(url)
    told = [f"{refused.value.message} {refused.value.errors}"]
    accesses = [Access("http://hub.invalid/", proxy_url=url)]  # as it stands in a row of before
    if "\x00" not in url:
        monkeypatch.setenv("http_proxy", url)
        accesses.append(Access("http://hub.invalid/"))
    for access in accesses:
        with pytest.raises(SourceError, match="proxy") as error:
            fetch_text(access, "http://hub.invalid/x", limit_bytes=1000)
        assert error.value.permanent
        told.append(error.value.message)
    assert not [text for text in told if "user" in text or "pass-w" in text]


@pytest.mark.parametrize("scheme", ["http", "https", "socks4", "socks4a", "socks5", "socks5h"])
def test_no_error_behind_a_proxy_holds_its_password(scheme: str) -> None:
    for place in ("127.0.0.1:1", "proxy.invalid:3128", "[::1]:1"):
        url = check_proxy_url(f"{scheme}://user:pass-word@{place}")
        with pytest.raises(SourceError) as error:
            fetch_text(Access("http://hub.invalid/", proxy_url=url), "http://hub.invalid/x", limit_bytes=1000)
        assert "user" not in error.value.message
        assert "pass-word" not in error.value.message


def test_no_text_of_libcurl_is_shown_whatever_its_code() -> None:
    """Its texts repeat what it was given: https://curl.se/libcurl/c/CURLOPT_ERRORBUFFER.html."""
    connection = Connection(Access("http://hub.invalid/"))
    told = [connection.explain(code, "model.gguf").message for code in range(1, 130)]
    connection.close()
    assert all(text.startswith("model.gguf: ") for text in told)
    assert "no answer in time" in told[pycurl.E_OPERATION_TIMEDOUT - 1]
    assert "libcurl's error 129" in told[-1]
