"""Reads a repository's own `manifest.json`: `{"files":[{"path","size","sha256"}]}`."""

import re

from downloads_app.errors import SourceError
from downloads_app.sources import RemoteFile
from downloads_app.sources.http_folder.indexes import parse_json, quote_path, read_size
from downloads_app.sources.paths import check_path

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


def read_manifest(body: bytes, content_type: str, folder_url: str) -> list[RemoteFile] | None:
    """Return the files named; None where this is some other document (a web page, a web app's manifest).

    Raises a permanent SourceError for broken JSON and for an entry that breaks the form.
    """
    if "html" in content_type:
        return None
    document = parse_json(body, "manifest.json")
    rows = document.get("files") if isinstance(document, dict) else None
    if not isinstance(rows, list):
        return None
    return [_read_file(row, folder_url) for row in rows]


def _read_file(row: object, folder_url: str) -> RemoteFile:
    if not isinstance(row, dict) or not isinstance(row.get("path"), str):
        raise SourceError("manifest.json has a file without a path", permanent=True)
    path = check_path(row["path"])
    try:
        return RemoteFile(path, folder_url + quote_path(path), read_size(row.get("size")), _read_sha256(row))
    except ValueError as exc:
        raise SourceError(f"manifest.json, {path[:120]!r}: {exc}", permanent=True) from None


def _read_sha256(row: dict[str, object]) -> str | None:
    digest = row.get("sha256")
    if digest is None:
        return None
    if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise ValueError("its sha256 is not 64 hexadecimal digits")
    return digest.lower()
