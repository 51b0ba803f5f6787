"""Reads a folder's listing as JSON: nginx's, Caddy's and npm `serve`'s. The keys show which one it is."""

from collections.abc import Iterable, Iterator
from typing import Any

from downloads_app.errors import SourceError
from downloads_app.sources.documents import parse_json, parse_json_rows, read_size
from downloads_app.sources.http_folder.entries import Entry, Index
from downloads_app.sources.http_folder.rounded_sizes import find_rounded_size

MAX_LINK_BYTES = 4096
"""Linux's PATH_MAX: a symbolic link is as large as its target's path is long."""
_FOLDER_TYPES = ("directory", "folder", "dir")
_CUT = ("truncated", "is_truncated", "isTruncated", "next", "nextPageToken", "next_page")


def read_json(body: bytes) -> Index:
    """Return what the listing holds. Raises a permanent SourceError if it is cut or of an unknown form."""
    if body.lstrip()[:1] == b"[":
        return Index.of(_read_rows(parse_json_rows(body, "The listing")))
    document = parse_json(body, "The listing")
    rows = document.get("files") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(rows, list):
        raise SourceError("The listing is JSON, but not a list of files", permanent=True)
    if any(document.get(key) for key in _CUT):
        raise SourceError("The server says that its listing is cut", permanent=True)
    return Index.of(_read_rows(rows))


def _read_rows(rows: Iterable[Any]) -> Iterator[Entry]:
    for row in rows:
        name = row.get("base", row.get("name")) if isinstance(row, dict) else None
        if not isinstance(name, str):
            raise SourceError("The listing has an entry without a name", permanent=True)
        if name == ".." and "relative" in row:
            continue  # npm's `serve` links to the folder above so
        is_folder, size = _read_kind(row), row.get("size")
        try:
            if is_folder:
                yield Entry(name.removesuffix("/"), is_folder)
            elif isinstance(size, str):
                yield Entry(name, is_folder, about_bytes=find_rounded_size(size))
            else:
                size_bytes = read_size(size)
                yield Entry(name, is_folder, None if _may_be_links_own(row, size_bytes) else size_bytes)
        except ValueError as exc:
            yield Entry(name, is_folder, fault=f"The listing's {name[:120]!a}: {exc}")


def _may_be_links_own(row: dict[str, Any], size_bytes: int | None) -> bool:
    """Whether a size may be that of a symbolic link itself, which some versions of Caddy tell: not that of its file."""
    return row.get("is_symlink") is True and size_bytes is not None and size_bytes <= MAX_LINK_BYTES


def _read_kind(row: dict[str, Any]) -> bool | None:
    """Whether a row is a folder; None for nginx's `other` and for a row that does not say it."""
    if isinstance(row.get("is_dir"), bool):
        return bool(row["is_dir"])
    if row.get("type") in _FOLDER_TYPES:
        return True
    return False if row.get("type") == "file" else None
