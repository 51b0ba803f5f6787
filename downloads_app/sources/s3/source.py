"""Kind `s3`: any store with Amazon's S3 API. A repository is a prefix, or a bucket and a prefix."""

import dataclasses

from downloads_app.errors import SourceError
from downloads_app.sources import Access, Listing, refuse_revision
from downloads_app.sources.fetching import fetch_text
from downloads_app.sources.listing_reader import MAX_DOCUMENT_BYTES, ListingReader
from downloads_app.sources.paths import ROOT
from downloads_app.sources.s3.addresses import find_prefix, has_bucket
from downloads_app.sources.s3.listing import list_prefix
from downloads_app.sources.s3.pages import read_page
from downloads_app.sources.s3.refusals import explain_refusal, is_closed
from downloads_app.sources.s3.sums import add_sums
from downloads_app.sources.selection import EVERYTHING, Selection


class S3Source:
    """One store. There are no revisions: a listing has the current content of each key."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def list_files(self, repository: str, revision: str | None, wanted: Selection = EVERYTHING) -> Listing:
        """List all keys below the prefix, with sizes, and with sums if the store has them."""
        refuse_revision(revision)
        prefix = find_prefix(self._access.url, repository)
        with ListingReader(self._access, f"Repository {repository[:120]!r}") as reader:
            files = list_prefix(reader, prefix)
            if not files:
                raise SourceError(f"{reader.what} is not found: no key begins with {prefix.prefix!a}", permanent=True)
            listing = Listing.choose(files, wanted)
            return dataclasses.replace(listing, files=add_sums(reader, listing.files))

    def check(self) -> None:
        """Raise SourceError unless a store answers, and accepts the key if there is one."""
        what = "The provider's address"
        is_bucket = has_bucket(self._access.url)
        url = f"{self._access.url.rstrip('/')}/"
        if is_bucket:
            url = find_prefix(self._access.url, ROOT).list_url(**{"max-keys": "1"})
        answer = fetch_text(self._access, url, limit_bytes=MAX_DOCUMENT_BYTES)
        if not is_bucket and self._access.username is None and is_closed(answer):
            return  # a store need not list its buckets for everybody
        if answer.status != 200:
            raise explain_refusal(answer, what)
        if is_bucket:
            read_page(answer.body)
