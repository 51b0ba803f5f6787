"""A listing of folders is whole or an error: pages that follow, entries of unknown kind, lists that are cut."""

import json
from collections.abc import Mapping

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access
from downloads_app.sources.http_folder import walk
from downloads_app.sources.http_folder.source import HttpSource
from downloads_app.sources.selection import Selection
from tests.support.pages import Answer, Page, serve_pages

JSON = "application/json"
TITLE = "<title>Index of /r/</title>"


def html(*links: str, rest: str = "") -> Page:
    return Page((TITLE + "".join(f'<a href="{link}">{link}</a>\n' for link in links) + rest).encode())


def rows(*entries: tuple[str, str]) -> Page:
    return Page(json.dumps([{"name": name, "type": type_} for name, type_ in entries]).encode(), JSON)


def list_paths(
    answers: Mapping[str, Answer], include: tuple[str, ...] = (), exclude: tuple[str, ...] = (), url_path: str = ""
) -> list[str]:
    with serve_pages(answers) as pages:
        source = HttpSource(Access(pages.url + url_path, allow_private_network=True))
        return [file.path for file in source.list_files("r", None, Selection(include, exclude)).files]


def refuse(answers: Mapping[str, Answer]) -> SourceError:
    with pytest.raises(SourceError) as caught:
        list_paths(answers)
    assert caught.value.message.isprintable()
    return caught.value


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


def test_an_entry_of_another_type_is_asked_what_it_is() -> None:
    """Nginx says `other` of what its filesystem does not tell it, and of sockets."""
    answers = {
        "/r/": rows(("file", "other"), ("folder", "other"), ("socket", "other"), ("skipped", "other")),
        "/r/file": Page(b"x"),
        "/r/folder": Page(status=301, headers={"Location": "/r/folder/"}),
        "/r/folder/": rows(("inner", "file")),
        "/r/socket": Page(status=404),
    }
    with serve_pages(answers) as pages:
        source = HttpSource(Access(pages.url, allow_private_network=True))
        listing = source.list_files("r", None, Selection(exclude=("skipped", "skipped/*")))
        assert pages.paths.count("/r/skipped") == 0
    assert [file.path for file in listing.files] == ["file", "socket", "folder/inner"]  # fetching the socket names it


def test_an_entry_that_cannot_be_asked_now_is_waited_for() -> None:
    answers = {"/r/": rows(("file", "other")), "/r/file": Page(status=503, headers={"Retry-After": "7"})}
    error = refuse(answers)
    assert (error.permanent, error.retry_after_seconds) == (False, 7)
    assert "'file'" in error.message


def test_a_folder_that_its_page_does_not_mark_is_found_out() -> None:
    answers = {
        "/r/": html("README", "weights", "a.bin"),
        "/r/README": Page(b"x"),
        "/r/weights": Page(status=301, headers={"Location": "/r/weights/"}),
        "/r/weights/": html("w.bin"),
    }
    assert list_paths(answers) == ["README", "a.bin", "weights/w.bin"]


def test_a_folder_of_many_names_without_a_suffix_is_not_asked_about_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "MAX_QUESTIONS", 3)
    names = [f"part-{number:05}" for number in range(10)]
    with serve_pages({"/r/": html(*names)}) as pages:
        listing = HttpSource(Access(pages.url, allow_private_network=True)).list_files("r", None)
        assert pages.paths == ["/r/manifest.json", "/r/", *(f"/r/{name}" for name in names[:3])]
    assert [file.path for file in listing.files] == names


def test_a_file_that_is_named_both_by_its_path_and_in_its_folder_is_listed_once() -> None:
    answers = {"/r/": html("sub/x.bin", "sub/"), "/r/sub/": html("x.bin", "y.bin")}
    assert list_paths(answers) == ["sub/x.bin", "sub/y.bin"]


@pytest.mark.parametrize("encoded", ["/%7Eme/r%2D1/", "/~me/r-1/", "/~%6De/r-1/"])
def test_names_in_any_percent_encoding_mean_the_same(encoded: str) -> None:
    answers = {f"{encoded}r/": html("/~me/%72-1/r/%61.bin", "/%7Eme/r-1/r/sub%2D1/"), f"{encoded}r/sub-1/": html("b")}
    assert list_paths(answers, url_path=encoded) == ["a.bin", "sub-1/b"]


def test_what_is_excluded_needs_no_good_name_and_is_not_looked_into() -> None:
    answers = {"/r/": rows(("a", "file"), ("b\\c", "file"), ("d:", "directory"), ("private", "directory"))}
    assert list_paths(answers, exclude=("b*", "d:/", "private/")) == ["a"]
    assert list_paths(answers, include=("a",)) == ["a"]
    assert "'b\\\\c'" in refuse(answers).message or "d:" in refuse(answers).message


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_an_error_names_the_folder_that_cannot_be_listed(status: int) -> None:
    assert "folder 'sub/'" in refuse({"/r/": html("sub/"), "/r/sub/": Page(status=status)}).message


def test_a_folder_whose_server_shows_a_page_of_its_own_is_named() -> None:
    page = Page(b'<title>Welcome</title><a href="about.html">About us</a>')
    message = refuse({"/r/": html("sub/"), "/r/sub/": page}).message
    assert message == "Repository 'r', folder 'sub/': the server answered a page that is no listing of files"


@pytest.mark.parametrize("href", ["a.bin?key=1", "http://internal.example:8080/r/a.bin"])
def test_a_listing_whose_links_cannot_be_followed_is_not_taken_for_an_empty_one(href: str) -> None:
    page = html("../", rest=f'<a href="{href}">a.bin</a>')
    assert "no listing of files" in refuse({"/r/": page}).message


@pytest.mark.parametrize(
    ("href", "text"),
    [
        ("b.bin?token=1", "b.bin"),
        ("?dir=sub", "sub/"),
        ("http://cdn.example/r/b.bin", "b.bin"),
        ("//cdn.example/r/b.bin", "b.bin"),
        ("index.php?page=2", "Next"),
        ("/page/2/r", "Next"),
        ("javascript:turn()", "Next &raquo;"),
        ("?page_no=2", "2"),
    ],
)
def test_a_listing_with_one_link_that_cannot_be_followed_is_not_taken_for_a_whole_one(href: str, text: str) -> None:
    page = html("../", "a.bin", rest=f'<a href="{href}">{text}</a>')
    assert "cannot be followed" in refuse({"/r/": page}).message


@pytest.mark.parametrize(
    ("href", "text"),
    [
        ("next", "next"),
        ("2", "2"),
        ("a.bin?raw=1", "raw"),
        ("?dir=..", "../"),
        ("?C=S;O=A", "Size"),
        ("/about", "About"),
    ],
)
def test_links_beside_a_list_do_not_spoil_it(href: str, text: str) -> None:
    page = html("../", "a.bin", rest=f'<a href="{href}">{text}</a> 1K')
    assert "a.bin" in list_paths({"/r/": page, "/r/next": Page(b"x"), "/r/2": Page(b"x")})


@pytest.mark.parametrize(
    ("whole", "content_type"),
    [
        (
            "<title>Index of /r/</title><pre><a href='a.bin'>a.bin</a>\n<a href='b.bin'>b.bin</a></pre></html>\n",
            "text/html",
        ),
        ('<pre>\n<a href="a.bin">a.bin</a>\n<a href="b.bin">b.bin</a>\n</pre>\n', "text/html"),
        ('[{"name":"a.bin","type":"file"},{"name":"b.bin","type":"file"}]', JSON),
    ],
    ids=["page", "go", "json"],
)
def test_a_list_that_breaks_off_with_its_connection_is_asked_for_again(whole: str, content_type: str) -> None:
    """As HTTP/1.0 ends an answer: neither a length nor a last chunk tells that it is whole."""
    body = whole.encode()
    assert list_paths({"/r/": Page(iter([body]), content_type)}) == ["a.bin", "b.bin"]
    for length in range(len(body.rstrip()) - 60, len(body.rstrip()) - 8, 7):
        error = refuse({"/r/": Page(iter([body[:length]]), content_type)})
        assert (error.permanent, "ends in the middle" in error.message) == (False, True)


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_server_that_is_away_is_waited_for_and_never_called_empty_or_missing(status: int) -> None:
    for answers in {"/r/manifest.json": Page(status=status)}, {"/r/": Page(status=status)}:
        error = refuse(answers)
        assert not error.permanent
        assert "not found" not in error.message
