"""Kind `http` against listings that lie, climb or never end."""

import itertools
import json
import resource
import time

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access, listing_reader
from downloads_app.sources.http_folder import walk
from downloads_app.sources.http_folder.indexes import read_index
from downloads_app.sources.http_folder.source import HttpSource
from downloads_app.sources.http_folder.walk import MAX_DEPTH
from downloads_app.sources.listing_reader import MAX_DOCUMENT_BYTES
from tests.support.pages import Page, serve_pages

JSON = "application/json"
TITLE = "<title>Index of /r/</title>"


def list_paths(answers: dict[str, Page]) -> list[str]:
    with serve_pages(answers) as pages:
        source = HttpSource(Access(pages.url, allow_private_network=True))
        return [file.path for file in source.list_files("r", None).files]


def refuse(answers: dict[str, Page]) -> str:
    with pytest.raises(SourceError) as caught:
        list_paths(answers)
    assert caught.value.permanent
    assert caught.value.message.isprintable()
    return caught.value.message


def manifest(*files: object) -> dict[str, Page]:
    return {"/r/manifest.json": Page(json.dumps({"downloads_manifest": 1, "files": files}).encode(), JSON)}


HOSTILE_NAMES = ["../evil", "/etc/passwd", "a/../../b", "..", "a\\b", "C:/x", "a\0b", "a\nb", "x" * 300, ""]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_in_a_manifest_is_refused_by_name(name: str) -> None:
    message = refuse(manifest({"path": "good", "size": 1}, {"path": name, "size": 1}))
    assert ascii(name)[1:20].rstrip("'") in message or repr(name)[1:20].rstrip("'") in message


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.parametrize("kind", ["file", "directory"])
def test_a_hostile_name_in_a_json_index_is_refused(name: str, kind: str) -> None:
    rows = [{"name": name, "type": kind, "size": 1}]
    assert "Refused the file name" in refuse({"/r/": Page(json.dumps(rows).encode(), JSON)})


@pytest.mark.parametrize(
    "link",
    [
        "../../etc/passwd",
        "../x",
        "./../x",
        "%2e%2e/",
        "..%2f..%2fetc%2fpasswd",
        "%2e%2e%2fx",
        "a%00b",
        "a%0Ab",
        "a&#10;b",
        "a%5Cb",
        "..\\x",
        "C%3A%5Cx",
        "C%3A/",
        "x%ffy",
        "x" * 300,
        "a%2f%2fb",
    ],
)
def test_a_hostile_link_in_an_html_index_is_refused(link: str) -> None:
    assert "Refused the" in refuse({"/r/": Page(f'{TITLE}<a href="{link}">x</a>'.encode())})


@pytest.mark.parametrize(
    "link",
    [
        "../",
        "..",
        "./",
        ".",
        "../../",
        "/",
        "/r/",
        "/other/file",
        "?C=N;O=D",
        "?C=M&amp;O=A",
        "#top",
        "good?download=1",
        "https://elsewhere.example/r/good",
        "https://elsewhere.example/s/x",
        "//elsewhere.example/s/x",
        "mailto:a@b.c",
        "javascript:alert(1)",
        "http://[bad",
        "ftp://127.0.0.1/s/x",
        "",
        "../?C=N",
    ],
)
def test_a_link_to_another_place_is_no_file(link: str) -> None:
    page = f'{TITLE}<a href="{link}">x</a> <A class=k HREF=good>good</A>'
    assert list_paths({"/r/": Page(page.encode())}) == ["good"]


def test_apaches_fancy_index_is_read() -> None:
    page = b"""<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">
    <html><head><title>Index of /r</title></head><body>
    <h1>Index of /r</h1><table><tr><th valign="top"><img src="/icons/blank.gif" alt="[ICO]"></th>
    <th><a href="?C=N;O=D">Name</a></th><th><a href="?C=M;O=A">Last modified</a></th></tr>
    <tr><td><a href="/"><img src="/icons/back.gif"></a></td><td><a href="/">Parent Directory</a></td></tr>
    <tr><td><a href="sub/"><img src="/icons/folder.gif"></a></td><td><a href="sub/">sub/</a></td></tr>
    <tr><td><a href="a%20b.bin"><img></a></td><td><a href="a%20b.bin">a b.bin</a></td><td>1.2M</td></tr>
    <tr><td><a href='R&amp;D.txt'>R&amp;D.txt</a></td></tr></table></body></html>"""
    inner = b'<title>Index of /r/sub</title><a href="/r/">Parent Directory</a><a href="/r/sub/x">x</a>'
    assert list_paths({"/r/": Page(page), "/r/sub/": Page(inner)}) == ["a b.bin", "R&D.txt", "sub/x"]


def test_a_page_that_is_no_index_is_refused_instead_of_mined_for_links() -> None:
    message = refuse({"/r/": Page(b'<title>Sign in</title><a href="login">here</a>')})
    assert "no listing of files" in message


@pytest.mark.parametrize(
    "row",
    [
        {},
        {"path": 1},
        None,
        [],
        {"path": "a", "size": -1},
        {"path": "a", "size": 1.5},
        {"path": "a", "size": True},
        {"path": "a", "size": "1"},
        {"path": "a", "size": 2**64},
        {"path": "a", "sha256": "xyz"},
        {"path": "a", "sha256": 5},
    ],
)
def test_a_malformed_manifest_is_refused(row: object) -> None:
    assert "manifest.json" in refuse(manifest(row))


@pytest.mark.parametrize("body", [b"[", b"{}", b"[1]", b'[{"type":"file"}]', b'[{"name":"a","type":"file","size":-1}]'])
def test_a_broken_json_index_is_refused(body: bytes) -> None:
    refuse({"/r/": Page(body, JSON)})


def test_a_name_that_comes_twice_or_as_file_and_folder_is_refused() -> None:
    assert "names 'a' twice" in refuse(manifest({"path": "a"}, {"path": "a"}))
    assert "'a' as a file and as a folder" in refuse(manifest({"path": "a"}, {"path": "a/b"}))


def test_a_folder_that_holds_itself_for_ever_ends_at_the_depth_limit() -> None:
    def answer(path: str) -> Page:
        if path.endswith("manifest.json"):
            return Page(status=404)
        return Page(b'[{"name":"loop","type":"directory"}]', JSON)

    with serve_pages(answer) as pages, pytest.raises(SourceError, match="more than 32 folders below each other"):
        HttpSource(Access(pages.url, allow_private_network=True)).list_files("r", None)
    assert len(pages.requests) == MAX_DEPTH + 2


def test_too_many_folders_end_the_listing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "MAX_FOLDERS", 10)
    rows = [{"name": f"d{number}", "type": "directory"} for number in range(11)]
    assert "more than 10 folders" in refuse({"/r/": Page(json.dumps(rows).encode(), JSON)})


def test_a_million_files_end_with_a_clear_error() -> None:
    rows = ",".join(f'{{"name":"{number:x}","type":"file"}}' for number in range(200_000))
    assert "more than 100,000 files" in refuse({"/r/": Page(f"[{rows}]".encode(), JSON)})
    assert "more than 100,000 files" in refuse(manifest(*({"path": f"{number}"} for number in range(100_001))))


@pytest.mark.parametrize("content_type", [JSON, "text/html"])
def test_a_listing_of_ten_gigabytes_ends_early_and_takes_little_memory(content_type: str) -> None:
    sent = itertools.count()
    block = b'{"name":"x","type":"file"},' * 4000

    def endless() -> object:
        yield b"["
        while next(sent) < 10_000_000_000 // len(block):
            yield block

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    message = refuse({"/r/": Page(endless(), content_type)})  # type: ignore[arg-type]  # a body without end is meant
    assert f"longer than {MAX_DOCUMENT_BYTES} bytes" in message
    assert (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) < 100_000, "kilobytes"
    assert next(sent) * len(block) < 20 * MAX_DOCUMENT_BYTES


def test_the_byte_limit_holds_for_all_pages_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing_reader, "MAX_LISTING_BYTES", 150)
    rows = json.dumps([{"name": name, "type": "directory"} for name in "ab"]).encode()
    assert len(rows) < 150
    folders = ["/r/", "/r/a/", "/r/b/"]
    assert "is longer than" in refuse({folder: Page(rows, JSON) for folder in folders})


def test_a_listing_that_takes_too_long_is_given_up() -> None:
    now = itertools.count(step=250.0)

    def answer(path: str) -> Page:
        if path.endswith("manifest.json"):
            return Page(status=404)
        return Page(b'[{"name":"loop","type":"directory"}]', JSON)

    with serve_pages(answer) as pages, pytest.raises(SourceError, match="took too long") as caught:
        HttpSource(Access(pages.url, allow_private_network=True), clock=lambda: next(now)).list_files("r", None)
    assert not caught.value.permanent


@pytest.mark.parametrize(
    "bait", ["<a ", '<a href="', "<a href='", "<!--", "<title>", "<a href= ", "<a\n", "href=", "<h1 "]
)
def test_a_page_made_to_choke_a_parser_is_read_in_linear_time(bait: str) -> None:
    page = (TITLE + bait * 300_000).encode()
    began = time.process_time()
    read_index(page, "text/html", "http://h/r/")
    assert time.process_time() - began < 10
