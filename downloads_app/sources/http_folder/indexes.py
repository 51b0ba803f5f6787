"""Reads one folder's listing as web servers write it: nginx's JSON, or an HTML index of links."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import quote, unquote, urljoin, urlsplit

from downloads_app.errors import SourceError
from downloads_app.sources.route import find_origin

MAX_SIZE_BYTES = 2**63 - 1
# Bounded by the next angle bracket, so that it stays linear: html.parser takes a minute for 60 KB of "<a <a <a".
_LINK = re.compile(r"<a\s[^<>]*?\bhref\s*=\s*(?:\"([^\"<>]*)\"|'([^'<>]*)'|([^\s\"'<>]+))", re.IGNORECASE)
_HEADING = re.compile(r"<(?:title|h1)\b[^<>]*>([^<>]*)", re.IGNORECASE)
_INDEX_HEADING = re.compile(r"\bindex of\b|\bdirectory\b|\blisting\b", re.IGNORECASE)
_HTML_SPACE = " \t\n\r\f"
_PARENT = re.compile(r"(?:\.{1,2}/)*(?:\.{1,2})?")
_HOSTILE_LINK = re.compile(r"^(?:\./)*\.\./|[\x00-\x1f\x7f]")  # urlsplit drops control characters in silence


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a folder, decoded and not yet checked."""

    name: str
    is_folder: bool
    size_bytes: int | None = None


def read_index(body: bytes, content_type: str, url: str) -> list[Entry]:
    """Return what the folder at `url` holds; each name once, in the order of the listing.

    Raises a permanent SourceError where `body` is no listing at all.
    """
    if "json" in content_type or body.lstrip()[:1] == b"[":
        entries = list(_read_json(body))
    else:
        entries = _read_html(body.decode("utf-8", "surrogateescape"), url)
    return list({(entry.name, entry.is_folder): entry for entry in entries}.values())


def parse_json(body: bytes, what: str) -> object:
    """Decode JSON from outside; a permanent SourceError says that `what` cannot be read."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise SourceError(f"{what} is not JSON that can be read", permanent=True) from None


def read_size(value: object) -> int | None:
    """Return a size from outside, in bytes; None for unknown. Raises ValueError for anything else."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_SIZE_BYTES:
        raise ValueError("its size is not a whole number of bytes")
    return value


def quote_path(path: str) -> str:
    """Percent-encode each segment, so that `?`, `#` and `%` of a name stay part of it."""
    return quote(path, safe="/")


def _read_json(body: bytes) -> Iterator[Entry]:
    """Read what nginx's `autoindex_format json` writes: objects with `name`, `type` and `size`."""
    rows = parse_json(body, "The listing")
    if not isinstance(rows, list):
        raise SourceError("The listing is JSON, but not a list of files", permanent=True)
    for row in rows:
        if not isinstance(row, dict) or not isinstance(row.get("name"), str):
            raise SourceError("The listing has an entry without a name", permanent=True)
        if row.get("type") not in ("file", "directory"):
            continue  # sockets and the like
        try:
            yield Entry(row["name"], row["type"] == "directory", read_size(row.get("size")))
        except ValueError as exc:
            raise SourceError(f"The listing's {row['name']!r}: {exc}", permanent=True) from None


def _read_html(page: str, url: str) -> list[Entry]:
    """Read links to what lies below `url`. Sizes stay unknown: servers round them."""
    links = [unescape(next(filter(None, match), "")).strip(_HTML_SPACE) for match in _LINK.findall(page)]
    is_index = any(map(_INDEX_HEADING.search, _HEADING.findall(page))) or "../" in links
    if not is_index:
        raise SourceError("The server answered a page that is no listing of files", permanent=True)
    return [entry for link in links if (entry := _read_link(link, url))]


def _read_link(link: str, folder_url: str) -> Entry | None:
    """Return the entry that a link stands for; None for the parent, sort orders and other places."""
    path = re.split(r"[?#]", link, maxsplit=1)[0]
    if _HOSTILE_LINK.search(path) and not _PARENT.fullmatch(path):
        raise SourceError(f"Refused the link {link[:120]!a} of the listing: it leaves its folder", permanent=True)
    try:
        target_url = urljoin(folder_url, link)
        folder, target = urlsplit(folder_url), urlsplit(target_url)
        is_elsewhere = find_origin(folder_url) != find_origin(target_url)
    except ValueError:
        return None  # no address at all
    name = target.path.removeprefix(folder.path)
    if is_elsewhere or not target.path.startswith(folder.path) or target.query or not name:
        return None
    return Entry(unquote(name.removesuffix("/"), errors="surrogateescape"), name.endswith("/"))
