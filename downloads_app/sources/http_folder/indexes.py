"""Reads one document that lists a folder, as HTML or as JSON."""

from downloads_app.sources.http_folder.entries import Index
from downloads_app.sources.http_folder.html_index import read_page
from downloads_app.sources.http_folder.json_index import read_json

ACCEPT = "Accept: text/html, application/json;q=0.9, */*;q=0.8"
"""Caddy and npm's `serve` send JSON, with exact sizes, to every client that accepts it. Others obey the order."""


def read_index(body: bytes, content_type: str, url: str) -> Index | None:
    """Return what the folder at `url` holds; None if the document is no listing of it.

    Raises a permanent SourceError for a listing that cannot be read, is cut, or has a hostile link.
    """
    if "json" in content_type or body.lstrip()[:1] == b"[":
        return read_json(body)
    return read_page(body.decode("utf-8", "surrogateescape"), url)
