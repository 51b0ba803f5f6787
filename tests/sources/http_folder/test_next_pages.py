"""A listing over several pages is whole or an error: pages that follow, lists that are cut."""

import json

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access
from downloads_app.sources.http_folder import walk
from downloads_app.sources.http_folder.source import HttpSource
from tests.sources.http_folder.listing import JSON, html, list_paths, refuse
from tests.support.pages import Page, serve_pages


@pytest.mark.parametrize(
    "rest",
    [
        '<a href="?page=2">2</a>',
        '<a href="/r/?C=N&amp;page=2">2</a>',
        '<a href="?offset=100">100</a>',
        '<a href="?marker=b">more files</a>',
        '<a href="?x=1">Next page</a>',
        '<a href="?x=1">»</a>',
        '<a rel="next" href="?x=1">weiter</a>',
        '<link rel="prefetch next" href="?x=1">',
    ],
)
def test_a_page_that_leads_on_is_followed(rest: str) -> None:
    query = rest.partition("?")[2].partition('"')[0].replace("&amp;", "&")
    answers = {"/r/": html("a", rest=rest), f"/r/?{query}": html("b", "../", rest='<a href="?page=1">1</a>')}
    assert list_paths({**answers, "/r/?page=1": html("a")}) == ["a", "b"]


def test_a_link_header_is_followed_and_so_are_the_pages_of_folders_below() -> None:
    onward = {"Link": '<?cursor=x>; rel="next"'}
    answers = {
        "/r/": html("sub/"),
        "/r/sub/": Page(html("a").body, headers=onward),
        "/r/sub/?cursor=x": html("b"),
    }
    assert list_paths(answers) == ["sub/a", "sub/b"]


@pytest.mark.parametrize(
    "link", ["?C=N;O=D", "?C=M&amp;O=A", "?sort=name&amp;order=asc", "?page=last", "?download=tar"]
)
def test_another_order_of_the_same_list_is_not_asked_for(link: str) -> None:
    with serve_pages({"/r/": html("a.bin", rest=f'<a href="{link}">Name</a>')}) as pages:
        HttpSource(Access(pages.url, allow_private_network=True)).list_files("r", None)
        assert pages.paths == ["/r/manifest.json", "/r/"]


@pytest.mark.parametrize("href", ["https://elsewhere.example/r/?page=2", "/s/?page=2", "/page/2/"])
def test_a_list_that_goes_on_elsewhere_is_an_error(href: str) -> None:
    for page in (
        html("a", rest=f'<a rel="next" href="{href}">on</a>'),
        html("a", rest=f"<link rel=next href={href}>"),
        Page(html("a").body, headers={"Link": f"<{href}>; rel=next"}),
    ):
        assert "goes on at another place" in refuse({"/r/": page}).message


def test_pages_without_end_end_at_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "MAX_PAGES", 10)

    def answer(path: str) -> Page:
        number = int(path.partition("=")[2] or 1)
        return (
            Page(status=404) if "manifest" in path else html(f"f{number}", rest=f'<a href="?page={number + 1}">on</a>')
        )

    with serve_pages(answer) as pages, pytest.raises(SourceError, match="more than 10 pages of one folder"):
        HttpSource(Access(pages.url, allow_private_network=True)).list_files("r", None)


@pytest.mark.parametrize(
    "said",
    [
        "<b>12</b> files (of which only <b>5</b> are displayed)",
        "This directory has been truncated",
        "showing first 1,000 files",
    ],
)
def test_a_page_that_says_that_it_is_cut_is_an_error(said: str) -> None:
    assert "listing is cut" in refuse({"/r/": html("a", rest=f"<p>{said}</p>")}).message


@pytest.mark.parametrize("key", ["truncated", "nextPageToken"])
def test_json_that_says_that_it_is_cut_is_an_error(key: str) -> None:
    body = json.dumps({"files": [{"base": "a", "type": "file"}], key: "x"}).encode()
    assert "listing is cut" in refuse({"/r/": Page(body, JSON)}).message
