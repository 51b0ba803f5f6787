"""Kind `s3`: any store that speaks Amazon's S3; a repository is a prefix, or a bucket and a prefix."""

import dataclasses
from collections.abc import Iterator

from downloads_app.errors import SourceError
from downloads_app.sources import Access, Listing, RemoteFile
from downloads_app.sources.connection import fetch_text
from downloads_app.sources.listing_reader import MAX_DOCUMENT_BYTES, MAX_FILES, ListingReader
from downloads_app.sources.paths import ROOT
from downloads_app.sources.s3.addresses import Prefix, find_prefix, has_bucket
from downloads_app.sources.s3.pages import Page, StoredObject, read_page
from downloads_app.sources.s3.refusals import explain_refusal, is_closed
from downloads_app.sources.s3.sums import find_sums
from downloads_app.sources.selection import EVERYTHING, Selection

PAGE_OBJECTS = 1000
"""What stores send at most as one page."""


class S3Source:
    """One store. There are no revisions: what a key holds now is what is listed."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def list_files(self, repository: str, revision: str | None, wanted: Selection = EVERYTHING) -> Listing:
        """List all keys below the prefix, with sizes, and with sums as far as the store has them."""
        if revision not in (None, "main"):
            raise SourceError(f"This kind of provider has no revisions, so no {revision[:120]!a}", permanent=True)
        prefix = find_prefix(self._access.url, repository)
        with ListingReader(self._access, f"Repository {repository[:120]!r}") as reader:
            objects = {found.key: found for found in _list_objects(reader, prefix)}
            if not objects:
                raise SourceError(f"{reader.what} is not found: no key begins with {prefix.prefix!a}", permanent=True)
            files = [
                RemoteFile(key.removeprefix(prefix.prefix), prefix.url_of(key), found.size_bytes)
                for key, found in objects.items()
                if found.size_bytes or not key.endswith("/")  # a folder as consoles make it, which holds nothing
            ]
            listing = Listing.choose(files, wanted)
            sums = find_sums(reader, listing.files)
        return dataclasses.replace(
            listing, files=tuple(dataclasses.replace(file, sha256=sums.get(file.url)) for file in listing.files)
        )

    def check(self) -> None:
        """Raise SourceError unless a store answers there, and takes the key, if there is one."""
        what = "The provider's address"
        is_bucket = has_bucket(self._access.url)
        url = f"{self._access.url.rstrip('/')}/"
        if is_bucket:
            url = find_prefix(self._access.url, ROOT).list_url(**{"max-keys": "1"})
        answer = fetch_text(self._access, url, limit_bytes=MAX_DOCUMENT_BYTES)
        if not is_bucket and self._access.username is None and is_closed(answer):
            return  # a store does not tell everybody of its buckets
        if answer.status != 200:
            raise explain_refusal(answer, what)
        if is_bucket:
            read_page(answer.body)


def _list_objects(reader: ListingReader, prefix: Prefix) -> Iterator[StoredObject]:
    """Yield all objects, page by page; raises SourceError where the store breaks off or goes round in circles."""
    parameters: dict[str, str] = {}
    count = 0
    while True:
        answer = reader.fetch(prefix.list_url(**{"max-keys": str(PAGE_OBJECTS)}, **parameters))
        if answer.status != 200:
            raise explain_refusal(answer, reader.what)
        page = read_page(answer.body)
        count += len(page.objects)
        reader.limit(count, MAX_FILES, "files")
        for found in page.objects:
            if not found.key.startswith(prefix.prefix):
                text = f"{reader.what}: the store lists {found.key[:120]!a} too, which lies elsewhere"
                raise SourceError(text, permanent=True)
            yield found
        if page.is_last:
            return
        before, parameters = parameters, _find_next(page)
        if not parameters or parameters == before:
            text = f"{reader.what}: the store's listing is cut, and it does not say where it goes on"
            raise SourceError(text, permanent=True)


def _find_next(page: Page) -> dict[str, str]:
    """Return what asks for the next page: by the last key where the store knows the first version only."""
    if page.next_token:
        return {"continuation-token": page.next_token}
    return {"marker": page.objects[-1].key} if page.objects else {}
