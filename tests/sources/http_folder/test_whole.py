"""A listing of folders is whole or an error: entries of unknown kind, odd links, connections that break off."""

import json

import pytest

from downloads_app.sources import Access
from downloads_app.sources.http_folder import walk
from downloads_app.sources.http_folder.source import HttpSource
from downloads_app.sources.selection import Selection
from tests.sources.http_folder.listing import JSON, html, list_paths, refuse, rows
from tests.support.pages import Page, serve_pages


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


def test_a_size_that_may_be_a_symbolic_links_own_is_not_believed() -> None:
    """Caddy tells how long the link's target's path is, in some versions, and how long the target is in others."""
    sizes = {"link": (True, 9), "large": (True, 1_000_000), "file": (False, 9)}
    listing = [
        {"name": name, "size": size, "is_dir": False, "is_symlink": is_link} for name, (is_link, size) in sizes.items()
    ]
    with serve_pages({"/r/": Page(json.dumps(listing).encode(), JSON)}) as pages:
        files = HttpSource(Access(pages.url, allow_private_network=True)).list_files("r", None).files
    assert {file.path: file.size_bytes for file in files} == {"link": None, "large": 1_000_000, "file": 9}


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
