"""Whatever names a folder holds, an index of it is read back exactly, and its addresses lead to them."""

import json
from contextlib import suppress
from html import escape
from urllib.parse import quote, unquote, urljoin, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from downloads_app.errors import SourceError
from downloads_app.sources.documents import quote_path
from downloads_app.sources.http_folder.entries import Entry, Index
from downloads_app.sources.http_folder.indexes import read_index
from downloads_app.sources.paths import find_fault

FOLDER = "http://host:8080/some%20where/r/"

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(
    lambda name: find_fault(name) is None and "/" not in name
)
entries = st.lists(st.builds(Entry, names, st.booleans()), max_size=12, unique=True)


def read_names(page: str, content_type: str) -> list[tuple[str, bool]]:
    index = read_index(page.encode(), content_type, FOLDER)
    assert index is not None
    return [(entry.name, bool(entry.is_folder)) for entry in index.entries]


def names_of(entries: list[Entry]) -> list[tuple[str, bool]]:
    return [(entry.name, bool(entry.is_folder)) for entry in entries]


@given(entries)
def test_an_html_index_is_read_back(entries: list[Entry]) -> None:
    links = (
        f'<a href="{escape(quote(entry.name))}{"/" if entry.is_folder else ""}">{escape(entry.name)}</a>'
        for entry in entries
    )
    page = "<h1>Index of /r/</h1><pre><a href='../'>../</a>\n" + "\n".join(links)
    assert read_names(page, "text/html; charset=utf-8") == names_of(entries)


@given(entries)
def test_an_html_index_with_absolute_paths_is_read_back(entries: list[Entry]) -> None:
    base = urlsplit(FOLDER).path
    links = (f"<A HREF='{base}{quote(entry.name)}{'/' if entry.is_folder else ''}'>x</A>" for entry in entries)
    page = "<title>Directory listing for /r/</title>" + "".join(links)
    assert read_names(page, "text/html") == names_of(entries)


@given(entries)
def test_a_json_index_is_read_back(entries: list[Entry]) -> None:
    rows = [{"name": entry.name, "type": "directory" if entry.is_folder else "file"} for entry in entries]
    index = read_index(json.dumps(rows, ensure_ascii=False).encode(), "application/json", FOLDER)
    assert index == Index(tuple(entries))


@given(names)
def test_an_address_means_its_name_and_nothing_else(name: str) -> None:
    parts = urlsplit(urljoin(FOLDER, FOLDER + quote_path(name)))
    assert unquote(parts.path) == "/some where/r/" + name
    assert (parts.query, parts.fragment) == ("", "")


@given(st.binary(max_size=200), st.sampled_from(["text/html", "application/json", ""]))
def test_no_bytes_make_it_fail_otherwise_than_by_its_own_error(body: bytes, content_type: str) -> None:
    page = b"<title>Index of</title><a href='" + body + b"'>" + body
    with suppress(SourceError):
        index = read_index(page, content_type, FOLDER)
        assert index is None or all(isinstance(entry, Entry) for entry in index.entries)
