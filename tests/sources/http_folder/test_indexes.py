"""Whatever names a folder holds, an index of it is read back exactly, and its addresses lead to them."""

import json
from contextlib import suppress
from html import escape
from urllib.parse import quote, unquote, urljoin, urlsplit

from hypothesis import given
from hypothesis import strategies as st

from downloads_app.errors import SourceError
from downloads_app.sources.http_folder.indexes import Entry, quote_path, read_index
from downloads_app.sources.paths import find_fault

FOLDER = "http://host:8080/some%20where/r/"

names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(
    lambda name: find_fault(name) is None and "/" not in name
)
entries = st.lists(st.builds(Entry, names, st.booleans()), max_size=12, unique=True)


@given(entries)
def test_an_html_index_is_read_back(entries: list[Entry]) -> None:
    links = (
        f'<a href="{escape(quote(entry.name))}{"/" * entry.is_folder}">{escape(entry.name)}</a>' for entry in entries
    )
    page = "<h1>Index of /r/</h1><pre><a href='../'>../</a>\n" + "\n".join(links)
    assert read_index(page.encode(), "text/html; charset=utf-8", FOLDER) == entries


@given(entries)
def test_an_html_index_with_absolute_paths_is_read_back(entries: list[Entry]) -> None:
    base = urlsplit(FOLDER).path
    links = (f"<A HREF='{base}{quote(entry.name)}{'/' * entry.is_folder}'>x</A>" for entry in entries)
    page = "<title>Directory listing for /r/</title>" + "".join(links)
    assert read_index(page.encode(), "text/html", FOLDER) == entries


@given(entries)
def test_a_json_index_is_read_back(entries: list[Entry]) -> None:
    rows = [{"name": entry.name, "type": "directory" if entry.is_folder else "file"} for entry in entries]
    body = json.dumps(rows, ensure_ascii=False).encode()
    assert read_index(body, "application/json", FOLDER) == entries


@given(names)
def test_an_address_means_its_name_and_nothing_else(name: str) -> None:
    parts = urlsplit(urljoin(FOLDER, FOLDER + quote_path(name)))
    assert unquote(parts.path) == "/some where/r/" + name
    assert (parts.query, parts.fragment) == ("", "")


@given(st.binary(max_size=200), st.sampled_from(["text/html", "application/json", ""]))
def test_no_bytes_make_it_fail_otherwise_than_by_its_own_error(body: bytes, content_type: str) -> None:
    page = b"<title>Index of</title><a href='" + body + b"'>" + body
    with suppress(SourceError):
        assert all(isinstance(entry, Entry) for entry in read_index(page, content_type, FOLDER))
