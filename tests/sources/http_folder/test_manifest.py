"""A `manifest.json` is a list of files where it has our form and says so; else it is a file like those beside it."""

import json

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access, Listing
from downloads_app.sources.http_folder.source import HttpSource
from downloads_app.sources.selection import Selection
from tests.support.pages import Page, serve_pages

JSON = "application/json"
INDEX = Page(b'[{"name":"manifest.json","type":"file","size":3},{"name":"a","type":"file","size":1}]', JSON)


def list_files(manifest: Page, wanted: Selection | None = None, index: Page = INDEX) -> Listing:
    with serve_pages({"/r/manifest.json": manifest, "/r/": index}) as pages:
        source = HttpSource(Access(pages.url, allow_private_network=True))
        return source.list_files("r", None, wanted or Selection())


def paths_of(document: object) -> list[str]:
    return [file.path for file in list_files(Page(json.dumps(document).encode(), JSON)).files]


@pytest.mark.parametrize(
    "document",
    [
        {"name": "a web app", "icons": []},
        {"files": ["weights.bin", "vocab.txt"]},
        {"files": {"main.js": "main.123.js"}},
        {"files": [{"path": "a.bin"}]},
        {"files": [{"path": "a.bin", "size": 1}, {"path": "b.bin"}]},
        {"files": [{"path": "a.bin", "size": "1"}]},
        {"files": [{"name": "a.bin", "size": 1}]},
        {"files": []},
        [{"path": "a.bin", "size": 1}],
        "text",
    ],
)
def test_a_document_of_another_form_is_a_file_like_others(document: object) -> None:
    assert paths_of(document) == ["manifest.json", "a"]


@pytest.mark.parametrize(
    "body", [b"{", b"\xff", b"[" * 200_000, b'{"files":' + b"9" * 10_000 + b"}", b"<html>all</html>"]
)
def test_what_is_no_json_is_a_file_like_others(body: bytes) -> None:
    content_type = "text/html" if body.startswith(b"<") else JSON
    assert [file.path for file in list_files(Page(body, content_type)).files] == ["manifest.json", "a"]


def test_a_document_of_our_form_lists_the_repository() -> None:
    files = [{"path": "sub/b.bin", "size": 5, "sha256": "A" * 64}, {"path": "c", "size": 0}]
    assert paths_of({"files": files}) == ["sub/b.bin", "c"]
    listing = list_files(Page(json.dumps({"files": files}).encode(), JSON))
    assert [(file.size_bytes, file.sha256) for file in listing.files] == [(5, "a" * 64), (0, None)]


def test_a_document_that_says_it_is_ours_may_leave_sizes_out() -> None:
    assert paths_of({"downloads_manifest": 1, "files": [{"path": "a"}, {"path": "b", "size": None}]}) == ["a", "b"]
    assert paths_of({"downloads_manifest": 1, "files": []}) == []


@pytest.mark.parametrize("document", [{"downloads_manifest": 2, "files": []}, {"downloads_manifest": 1}])
def test_a_manifest_of_a_form_that_is_not_known_is_an_error(document: object) -> None:
    with pytest.raises(SourceError, match="a form that is not known here"):
        paths_of(document)


def test_a_bad_name_counts_only_where_it_is_wanted() -> None:
    manifest = Page(json.dumps({"files": [{"path": "../evil", "size": 1}, {"path": "a", "size": 1}]}).encode(), JSON)
    assert [file.path for file in list_files(manifest, Selection(exclude=("../*",))).files] == ["a"]
    with pytest.raises(SourceError, match="evil"):
        list_files(manifest)
