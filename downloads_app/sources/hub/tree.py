"""All files of a repository at one commit, as a hub's paged tree lists them.

`GET /api/models/{id}/tree/{commit}?recursive=true` answers up to 1,000 rows; a `Link` header with `rel="next"` leads
to the next page. The list is complete if its last page has no such header. The list of names in the repository's own
description (`siblings`) may be cut, and nothing shows that.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from downloads_app.errors import SourceError
from downloads_app.sources import RemoteFile, UnreadableFile
from downloads_app.sources.documents import parse_json, quote_path, read_sha256, read_size
from downloads_app.sources.fetching import Response
from downloads_app.sources.links import find_next_link
from downloads_app.sources.selection import EVERYTHING, Selection

NO_HUB = "The provider does not answer as a hub does"
_SHA1 = re.compile(r"[0-9a-f]{40}")
_XET_HASH = re.compile(r"[0-9a-f]{64}")


def read_tree(
    ask: Callable[[str], Response], url: str, resolve_url: str, wanted: Selection = EVERYTHING
) -> Iterator[RemoteFile | UnreadableFile]:
    """Yield all files of the tree at `url`; their addresses are below `resolve_url`. `ask` raises unless it gets 200.

    A folder without files is an error only if it can hold `wanted` files. All pages are requested at `url`, with the
    query from the page before: so no answer can lead elsewhere.
    """
    query: str | None = "recursive=true&expand=false"
    asked, folders = set(), _Folders()
    while query is not None:
        asked.add(query)
        response = ask(f"{url}?{query}")
        rows = parse_json(response.body, f"{NO_HUB}: its tree")
        if not isinstance(rows, list):
            raise SourceError(f"{NO_HUB}: its tree is no list", permanent=True)
        for row in rows:
            if file := read_row(row, resolve_url):
                folders.add_file(file.path)
                yield file
            else:
                folders.named.add(row["path"])
        query = _find_next_query(response, url)
        if query in asked:
            raise SourceError("The hub's list of files has no end: its pages lead back to themselves", permanent=True)
    folders.check(wanted)


class _Folders:
    """The folders that a tree names, and those that have files in it. Git has no empty folders."""

    def __init__(self) -> None:
        self.named: set[str] = set()
        self._filled: set[str] = set()

    def add_file(self, path: str) -> None:
        folder = path.rpartition("/")[0]
        while folder and folder not in self._filled:
            self._filled.add(folder)
            folder = folder.rpartition("/")[0]

    def check(self, wanted: Selection) -> None:
        """Raise a permanent SourceError if a named folder has no files in the tree."""
        empty = next(filter(wanted.may_hold, sorted(self.named - self._filled)), None)
        if empty is not None:
            text = f"The hub's list of files is not whole: it names the folder {empty[:120]!a} and none of its files"
            raise SourceError(text, permanent=True)


def read_row(row: Any, resolve_url: str) -> RemoteFile | UnreadableFile | None:
    """Return the file of one row; None for a folder. Raises a permanent SourceError for a malformed row."""
    path = row.get("path") if isinstance(row, dict) else None
    if not isinstance(path, str):
        raise SourceError(f"{NO_HUB}: its list has a file without a path", permanent=True)
    if row.get("type") == "directory":
        return None
    if row.get("type") != "file":
        raise SourceError(f"{NO_HUB}: {path[:120]!a} is neither a file nor a folder", permanent=True)
    lfs = row.get("lfs")
    try:
        return make_file(path, resolve_url, row.get("size"), lfs, row.get("oid"), row.get("xetHash"))
    except ValueError as exc:
        return UnreadableFile(path, f"{NO_HUB}: {path[:120]!a}: {exc}")


def make_file(path: str, resolve_url: str, size: object, lfs: object, oid: object, xet: object = None) -> RemoteFile:
    """Return a file of a hub. Raises ValueError for a bad size or sum.

    `oid` is git's name of the content; for an LFS file it is the name of the pointer.
    """
    sha256 = None
    if lfs is not None:
        if not isinstance(lfs, dict):
            raise ValueError("what it has in LFS is not told")
        sha256 = read_sha256(lfs.get("oid", lfs.get("sha256")))
        if sha256 is None:
            raise ValueError("it lies in LFS and has no sha256")
        size = lfs.get("size") if size is None else size
    return RemoteFile(
        path,
        resolve_url + quote_path(path),
        read_size(size),
        sha256,
        git_sha1=oid if lfs is None and isinstance(oid, str) and _SHA1.fullmatch(oid) else None,
        xet_hash=xet if isinstance(xet, str) and _XET_HASH.fullmatch(xet) else None,
    )


def _find_next_query(response: Response, url: str) -> str | None:
    """Return the query of the next page; None if this is the last. Raises SourceError if it is of another list."""
    link = find_next_link(response.headers.get("link", ""))
    if link is None:
        return None
    try:
        onward = urlsplit(link)
    except ValueError:
        onward = urlsplit("")
    # Behind a mirror or after a rename the link may name another host or repository: we use only its query.
    if onward.path.rpartition("/tree/")[2] != urlsplit(url).path.rpartition("/tree/")[2] or not onward.query:
        raise SourceError("The hub's list of files goes on at another place than the list itself", permanent=True)
    return onward.query
