"""Listings of a scripted server, through the real source."""

import json
from collections.abc import Mapping

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access
from downloads_app.sources.http_folder.source import HttpSource
from downloads_app.sources.selection import Selection
from tests.support.pages import Answer, Page, serve_pages

JSON = "application/json"
TITLE = "<title>Index of /r/</title>"


def html(*links: str, rest: str = "") -> Page:
    """Return a page with links."""
    return Page((TITLE + "".join(f'<a href="{link}">{link}</a>\n' for link in links) + rest).encode())


def rows(*entries: tuple[str, str]) -> Page:
    """Return a JSON listing of names and types."""
    return Page(json.dumps([{"name": name, "type": type_} for name, type_ in entries]).encode(), JSON)


def list_paths(
    answers: Mapping[str, Answer], include: tuple[str, ...] = (), exclude: tuple[str, ...] = (), url_path: str = ""
) -> list[str]:
    """Return the paths that are listed of what a server answers."""
    with serve_pages(answers) as pages:
        source = HttpSource(Access(pages.url + url_path, allow_private_network=True))
        return [file.path for file in source.list_files("r", None, Selection(include, exclude)).files]


def refuse(answers: Mapping[str, Answer]) -> SourceError:
    """Return the error of a listing that is refused."""
    with pytest.raises(SourceError) as caught:
        list_paths(answers)
    assert caught.value.message.isprintable()
    return caught.value
