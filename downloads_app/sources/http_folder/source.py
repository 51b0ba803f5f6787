"""Kind `http`: a folder of any web server. Reads its `manifest.json`, else its listings or its bucket's listing."""

import dataclasses
import time
from collections.abc import Callable

from downloads_app.errors import SourceError
from downloads_app.sources import Access, Listing, RemoteFile, UnreadableFile, refuse_revision
from downloads_app.sources.documents import quote_path
from downloads_app.sources.fetching import fetch_text
from downloads_app.sources.http_folder.buckets import list_bucket
from downloads_app.sources.http_folder.indexes import ACCEPT
from downloads_app.sources.http_folder.manifest import read_manifest
from downloads_app.sources.http_folder.walk import Walk, explain_refusal, find_folder
from downloads_app.sources.listing_reader import MAX_DOCUMENT_BYTES, MAX_FILES, ListingReader
from downloads_app.sources.paths import ROOT, find_fault
from downloads_app.sources.s3.sums import add_sums
from downloads_app.sources.selection import EVERYTHING, Selection

_NO_MANIFEST = {400, 403, 404, 405, 406, 410}


class HttpSource:
    """One web server. A repository is a path below its address; there are no revisions."""

    def __init__(self, access: Access, clock: Callable[[], float] = time.monotonic) -> None:
        self._access = access
        self._clock = clock
        self._root = find_folder(access.url)

    def list_files(self, repository: str, revision: str | None, wanted: Selection = EVERYTHING) -> Listing:
        """List the folder `repository`. With only an HTML index, sizes are rounded or unknown."""
        refuse_revision(revision)
        url = self._find_url(repository)
        with ListingReader(self._access, f"Repository {repository[:120]!r}", self._clock) as reader:
            return _list_folder(reader, url, wanted)

    def check(self) -> None:
        """Raise SourceError unless a web server answers at the address. It need not list its root."""
        response = fetch_text(self._access, self._root, limit_bytes=MAX_DOCUMENT_BYTES)
        if response.status not in (200, 403, 404):
            raise explain_refusal(response, "The provider's address")

    def _find_url(self, repository: str) -> str:
        if repository == ROOT:
            return self._root
        name = repository.strip("/")
        fault = find_fault(name)
        if fault:
            raise SourceError(f"{repository[:120]!a} is no repository here: {fault}", permanent=True)
        return f"{self._root}{quote_path(name)}/"


def _list_folder(reader: ListingReader, url: str, wanted: Selection) -> Listing:
    files = _read_manifest(reader, url)
    if files is not None:
        return Listing.choose(files, wanted)
    answer = reader.fetch(url, (ACCEPT,))
    objects = list_bucket(reader, url, answer)
    if objects is None:
        return Listing.choose(Walk(reader, wanted).list_files(url, answer), wanted)
    listing = Listing.choose(objects, wanted)
    return dataclasses.replace(listing, files=add_sums(reader, listing.files))


def _read_manifest(reader: ListingReader, url: str) -> list[RemoteFile | UnreadableFile] | None:
    """Return the files of the folder's own manifest; None if it has none."""
    response = reader.fetch(f"{url}manifest.json")
    if response.status in _NO_MANIFEST:
        return None
    if response.status != 200:
        raise explain_refusal(response, reader.what)
    files = read_manifest(response.body, response.headers.get("content-type", ""), url)
    reader.limit(len(files or ()), MAX_FILES, "files")
    return files
