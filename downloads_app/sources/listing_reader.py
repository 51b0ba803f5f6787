"""Fetches the documents of one listing over one connection, within the limits of a listing."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Self

from downloads_app.errors import Cause, SourceError
from downloads_app.sources import Access
from downloads_app.sources.connection import Connection
from downloads_app.sources.documents import MAX_FILES as MAX_FILES
from downloads_app.sources.fetching import Response, fetch_text
from downloads_app.sources.side_by_side import Question, fetch_side_by_side

MAX_DOCUMENT_BYTES = 16 * 1024 * 1024
MAX_LISTING_BYTES = 128 * 1024 * 1024
"""All documents of one listing together."""
MAX_DOCUMENTS = 10_000
MAX_LISTING_SECONDS = 600.0
DOCUMENT_SECONDS = 60.0
"""A hub needs long to list a repository of many files."""


class ListingReader:
    """One listing in progress, and what is left of its limits. Use it as a context manager, or close it."""

    def __init__(
        self,
        access: Access,
        what: str,
        clock: Callable[[], float] = time.monotonic,
        max_documents: int | None = None,
    ) -> None:
        self.what = what
        """The name of what is listed, for messages."""
        self._access = access
        self._connection = Connection(access)
        self._clock = clock
        self._deadline = clock() + MAX_LISTING_SECONDS
        self._left_bytes = MAX_LISTING_BYTES
        self._documents = 0
        self._max_documents = max_documents or MAX_DOCUMENTS

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def fetch(
        self,
        url: str,
        headers: Sequence[str] = (),
        *,
        own_headers: Sequence[str] = (),
        body: bytes | None = None,
        is_head: bool = False,
        limit_bytes: int = MAX_DOCUMENT_BYTES,
    ) -> Response:
        """Return the answer for `url`, with any status, as `fetch_text` does.

        Raises SourceError if a limit is reached.
        """
        self._check_time()
        self._documents += 1
        self.limit(self._documents, self._max_documents, "pages and folders")
        response = fetch_text(
            self._access,
            url,
            limit_bytes=min(limit_bytes, self._left_bytes),
            timeout_seconds=DOCUMENT_SECONDS,
            headers=headers,
            own_headers=own_headers,
            body=body,
            connection=self._connection,
            is_head=is_head,
        )
        self._left_bytes -= len(response.body)
        return response

    def fetch_many(self, questions: Sequence[Question], *, limit_bytes: int) -> Iterator[tuple[Question, Response]]:
        """Yield questions with their answers in the order of arrival: any status, at most `limit_bytes` each."""
        self._documents += len(questions)
        self.limit(self._documents, self._max_documents, "pages and folders")
        for question, response in fetch_side_by_side(
            self._access, questions, limit_bytes=limit_bytes, check=self._check_time
        ):
            self._left_bytes -= len(response.body)
            if self._left_bytes < 0:
                raise SourceError(f"{self.what}: its listing is too large", permanent=True)
            yield question, response

    def _check_time(self) -> None:
        if self._clock() > self._deadline:
            raise SourceError(f"{self.what}: listing it took too long", permanent=False, cause=Cause.NETWORK)

    def limit(self, count: int, limit: int, what: str) -> None:
        """Raise a permanent SourceError if `count` is more than `limit`; `what` names the things counted."""
        if count > limit:
            raise SourceError(f"{self.what} is too large: more than {limit:,} {what}", permanent=True)
