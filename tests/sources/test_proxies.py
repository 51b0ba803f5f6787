"""Outgoing proxies: when one is asked, and that no message tells its password."""

import pytest

from downloads_app.errors import InvalidInput, SourceError
from downloads_app.services.providers.fields import check_proxy_url
from downloads_app.sources import Access
from downloads_app.sources.fetching import fetch_text
from tests.sources.reaching import access_to
from tests.support.file_server import FileServer
from tests.support.pages import Pages


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
