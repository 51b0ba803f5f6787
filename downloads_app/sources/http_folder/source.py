"""Kind `http`: a folder of any web server, by its `manifest.json` where there is one, else by its listings."""

import time
from collections import deque
from collections.abc import Callable, Iterator
from urllib.parse import urlsplit, urlunsplit

from downloads_app.errors import SourceError
from downloads_app.sources import Access, Listing, RemoteFile
from downloads_app.sources.answers import AnswerHead, explain_status, name_status
from downloads_app.sources.connection import Connection, Response, fetch_text
from downloads_app.sources.http_folder.indexes import quote_path, read_index
from downloads_app.sources.http_folder.manifest import read_manifest
from downloads_app.sources.paths import check_path, find_fault
from downloads_app.sources.selection import EVERYTHING, Selection

MAX_LISTING_BYTES = 16 * 1024 * 1024
"""All pages of one listing together."""
MAX_FILES = 100_000
MAX_FOLDERS = 5_000
MAX_DEPTH = 32
MAX_LISTING_SECONDS = 600.0
_NO_MANIFEST = {400, 403, 404, 405, 406, 410}


class HttpSource:
    """One web server. A repository is a path below its address; there are no revisions."""

    def __init__(self, access: Access, clock: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._clock = clock
        self._root = _find_folder(access.url)

    def list_files(self, repository: str, revision: str | None, wanted: Selection = EVERYTHING) -> Listing:
        """List the folder `repository`. Sizes are None where only an HTML index tells of them."""
        fault = find_fault(repository.strip("/"))
        if fault:
            raise SourceError(f"{repository[:120]!a} is no repository here: {fault}", permanent=True)
        if revision not in (None, "main"):
            raise SourceError(f"This kind of provider has no revisions, so no {revision[:120]!a}", permanent=True)
        walk = _Walk(self._access, self._clock, repository)
        try:
            files = walk.list_files(f"{self._root}{quote_path(repository.strip('/'))}/")
        finally:
            walk.close()
        return Listing.choose(files, wanted)

    def check(self) -> None:
        """Raise SourceError unless a web server answers there. Its root need not be listed."""
        response = fetch_text(self._access, self._root, limit_bytes=MAX_LISTING_BYTES)
        if response.status not in (200, 403, 404):
            raise _explain(response, "The provider's address")


class _Walk:
    """One listing under way, and what is left of its limits."""

    def __init__(self, access: Access, clock: Callable[[], float], repository: str) -> None:
        self._access = access
        self._connection = Connection(access)
        self._clock = clock
        self._what = f"Repository {repository[:120]!r}"
        self._deadline = clock() + MAX_LISTING_SECONDS
        self._left_bytes = MAX_LISTING_BYTES
        self._folders = 0

    def close(self) -> None:
        self._connection.close()

    def list_files(self, url: str) -> list[RemoteFile]:
        response = self._fetch(f"{url}manifest.json")
        if response.status == 200:
            files = read_manifest(response.body, response.headers.get("content-type", ""), url)
            if files is not None:
                self._limit(len(files), MAX_FILES, "files")
                return files
        elif response.status not in _NO_MANIFEST:
            raise _explain(response, self._what)
        return self._walk(url)

    def _walk(self, root_url: str) -> list[RemoteFile]:
        files: list[RemoteFile] = []
        folders = deque([("", root_url)])
        while folders:
            prefix, url = folders.popleft()
            for path, child_url, is_folder, size_bytes in self._read_folder(prefix, url):
                if is_folder:
                    self._limit(path.count("/") + 1, MAX_DEPTH, "folders below each other")
                    self._folders += 1
                    self._limit(self._folders, MAX_FOLDERS, "folders")
                    folders.append((f"{path}/", f"{child_url}/"))
                else:
                    files.append(RemoteFile(path, child_url, size_bytes))
                    self._limit(len(files), MAX_FILES, "files")
        return files

    def _read_folder(self, prefix: str, url: str) -> Iterator[tuple[str, str, bool, int | None]]:
        response = self._fetch(url)
        if response.status != 200:
            raise _explain(response, f"{self._what}, folder {prefix!r}" if prefix else self._what)
        folder_url = _find_folder(response.url)
        for entry in read_index(response.body, response.headers.get("content-type", ""), folder_url):
            path = check_path(prefix + entry.name)
            yield path, folder_url + quote_path(entry.name), entry.is_folder, entry.size_bytes

    def _fetch(self, url: str) -> Response:
        if self._clock() > self._deadline:
            raise SourceError(f"{self._what}: listing it took too long", permanent=False)
        response = fetch_text(self._access, url, limit_bytes=self._left_bytes, connection=self._connection)
        self._left_bytes -= len(response.body)
        return response

    def _limit(self, count: int, limit: int, what: str) -> None:
        if count > limit:
            raise SourceError(f"{self._what} is too large: more than {limit:,} {what}", permanent=True)


def _find_folder(url: str) -> str:
    """Return the folder of `url`, ending in a slash, without query and fragment."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise SourceError("The provider's address is not a URL", permanent=True) from None
    return urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/") + "/", "", ""))


def _explain(response: Response, what: str) -> SourceError:
    if response.status in (401, 403):
        text = f"{what}: the server answered {name_status(response.status)}; a token is missing, or is refused"
        return SourceError(text, permanent=True)
    if response.status in (404, 410):
        return SourceError(f"{what} is not found", permanent=True)
    return explain_status(what, AnswerHead.of(response.status, response.headers))
