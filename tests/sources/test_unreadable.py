"""An entry whose size or sum is malformed fails a listing only if the file is wanted, in every kind."""

import json
from collections.abc import Callable

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access, Listing
from downloads_app.sources.http_folder.source import HttpSource
from downloads_app.sources.hub.tree import read_row
from downloads_app.sources.lfs.api import read_rows
from downloads_app.sources.s3.pages import read_page
from downloads_app.sources.selection import Selection
from tests.support.file_server import FileServer

SIZES = [-1, 2**63, 1.5, True, "x" * 3, [1]]
WITHOUT = Selection(exclude=("bad.bin",))


def list_json(server: FileServer, wanted: Selection, size: object) -> Listing:
    rows = [{"name": "bad.bin", "type": "file", "size": size}, {"name": "good.bin", "type": "file", "size": 3}]
    server.put("repo/", json.dumps(rows).encode())
    return HttpSource(Access(server.url, allow_private_network=True)).list_files("repo", None, wanted)


def list_manifest(server: FileServer, wanted: Selection, size: object) -> Listing:
    files = [{"path": "bad.bin", "size": size}, {"path": "good.bin", "size": 3}]
    server.put("repo/manifest.json", json.dumps({"downloads_manifest": 1, "files": files}).encode())
    return HttpSource(Access(server.url, allow_private_network=True)).list_files("repo", None, wanted)


def list_hub_rows(_: FileServer, wanted: Selection, size: object) -> Listing:
    rows = [{"type": "file", "path": path, "size": told} for path, told in (("bad.bin", size), ("good.bin", 3))]
    return Listing.choose(filter(None, (read_row(row, "http://h/") for row in rows)), wanted)


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("list_files", [list_json, list_manifest, list_hub_rows])
def test_a_malformed_size_matters_only_where_the_file_is_wanted(
    server: FileServer, list_files: Callable[[FileServer, Selection, object], Listing], size: object
) -> None:
    assert [file.path for file in list_files(server, WITHOUT, size).files] == ["good.bin"]
    if isinstance(size, str) and list_files is list_json:
        return  # a text is a rounded size there, or none
    with pytest.raises(SourceError, match=r"bad\.bin.*not a whole number"):
        list_files(server, Selection(), size)


def test_a_stores_malformed_size_is_kept_until_the_key_is_wanted() -> None:
    body = b"<ListBucketResult><Contents><Key>bad</Key><Size>-5</Size></Contents></ListBucketResult>"
    assert [found.size_bytes for found in read_page(body).objects] == [None]


def test_a_forges_malformed_size_is_kept_until_the_file_is_wanted() -> None:
    row = {"path": "bad.bin", "sha": "a" * 40, "type": "blob", "size": -5}
    assert "bad.bin" in read_rows([row], "Repository 'x'")[0].fault


def test_a_page_whose_links_belong_to_another_folder_is_refused(server: FileServer) -> None:
    links = '<h1>Index of /repo/</h1><a href="../">../</a>\n<a href="x.bin">x.bin</a> 5\n'
    page = f'<html><head><base href="/elsewhere/"></head><body>{links}</body></html>'
    server.put("repo/", page.encode())
    source = HttpSource(Access(server.url, allow_private_network=True))
    with pytest.raises(SourceError, match="belong to another folder"):
        source.list_files("repo", None)
    server.put("repo/", page.replace("/elsewhere/", "./").encode())
    assert [file.path for file in source.list_files("repo", None).files] == ["x.bin"]
