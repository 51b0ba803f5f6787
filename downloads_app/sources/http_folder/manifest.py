"""Reads a repository's own `manifest.json`: `{"downloads_manifest": 1, "files": [{"path", "size", "sha256"}]}`.

Other programs also use this file name. A document without `downloads_manifest` is a manifest only if each of its files
has a path and a size; any other document is an ordinary file.
"""

from typing import Any

from downloads_app.errors import SourceError
from downloads_app.sources import RemoteFile, UnreadableFile
from downloads_app.sources.documents import parse_json, quote_path, read_sha256, read_size

_MARK = "downloads_manifest"


def read_manifest(body: bytes, content_type: str, folder_url: str) -> list[RemoteFile | UnreadableFile] | None:
    """Return the files of the manifest; None if this is another document.

    Raises a permanent SourceError if it has `downloads_manifest` but not the right form.
    """
    if "html" in content_type:
        return None
    try:
        document = parse_json(body, "manifest.json")
    except SourceError:
        return None
    rows = document.get("files") if isinstance(document, dict) else None
    if isinstance(document, dict) and _MARK in document:
        if document[_MARK] != 1 or not isinstance(rows, list):
            raise SourceError(f"manifest.json has a form that is not known here: {_MARK} is not 1", permanent=True)
    elif not isinstance(rows, list) or not rows or not all(map(_has_path_and_size, rows)):
        return None
    return [_read_file(row, folder_url) for row in rows]


def _has_path_and_size(row: Any) -> bool:
    if not isinstance(row, dict) or not isinstance(row.get("path"), str):
        return False
    return isinstance(row.get("size"), int) and not isinstance(row["size"], bool)


def _read_file(row: Any, folder_url: str) -> RemoteFile | UnreadableFile:
    if not isinstance(row, dict) or not isinstance(row.get("path"), str):
        raise SourceError("manifest.json has a file without a path", permanent=True)
    path = row["path"]
    try:
        return RemoteFile(
            path, folder_url + quote_path(path), read_size(row.get("size")), read_sha256(row.get("sha256"))
        )
    except ValueError as exc:
        return UnreadableFile(path, f"manifest.json, {path[:120]!a}: {exc}")
