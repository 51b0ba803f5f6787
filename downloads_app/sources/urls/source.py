"""Kind `urls`: repositories are the headings of a list that an admin has written. Listing them needs no request."""

from itertools import islice

from downloads_app.errors import SourceError
from downloads_app.sources import Access, FoundRepository, Listing, RemoteFile, refuse_revision
from downloads_app.sources.answers import AnswerHead, explain_status
from downloads_app.sources.listing_reader import ListingReader
from downloads_app.sources.route import find_origin
from downloads_app.sources.selection import EVERYTHING, Selection
from downloads_app.sources.urls.address_list import read_list

MAX_CHECKED_ORIGINS = 10
_NO_HEADS = (405, 501)
"""The statuses of servers that do not support HEAD."""


class UrlsSource:
    """One list. There are no revisions: it has what the admin wrote last."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def list_files(self, repository: str, revision: str | None, wanted: Selection = EVERYTHING) -> Listing:
        """Return the files below the heading `repository`, with the sizes and sums that the list has."""
        refuse_revision(revision)
        files = self._read().get(repository.strip("/"))
        if files is None:
            raise SourceError(f"Repository {repository[:120]!r} is not in the list of addresses", permanent=True)
        return Listing.choose(files, wanted)

    def search(self, text: str, limit: int) -> list[FoundRepository]:
        """Find headings by a part of their name, in the order of the list; see SearchableSource."""
        wanted = text.casefold()
        found = (FoundRepository(name) for name in self._read() if wanted in name.casefold())
        return list(islice(found, limit))

    def check(self) -> None:
        """Raise SourceError unless the first file of each server exists. At most ten servers are asked."""
        first: dict[object, RemoteFile] = {}
        for files in self._read().values():
            for file in files:
                first.setdefault(find_origin(file.url), file)
        with ListingReader(self._access, "The list of addresses") as reader:
            for file in list(first.values())[:MAX_CHECKED_ORIGINS]:
                answer = reader.fetch(file.url, is_head=True)
                if answer.status >= 300 and answer.status not in _NO_HEADS:
                    raise explain_status(file.path, AnswerHead.of(answer.status, answer.headers))

    def _read(self) -> dict[str, list[RemoteFile]]:
        if not self._access.address_list:
            raise SourceError("This provider has no list of addresses", permanent=True)
        return read_list(self._access.address_list, self._access.url)
