"""An object store behind an ordinary web address: it lists a whole bucket, never one folder."""

from collections.abc import Iterator
from urllib.parse import quote, unquote, urlsplit, urlunsplit

from downloads_app.sources import RemoteFile, UnreadableFile
from downloads_app.sources.fetching import Response
from downloads_app.sources.listing_reader import ListingReader
from downloads_app.sources.s3.addresses import Prefix
from downloads_app.sources.s3.listing import list_prefix
from downloads_app.sources.s3.pages import is_listing, read_error

_MAX_TRIES = 4


def list_bucket(reader: ListingReader, folder_url: str, answer: Response) -> list[RemoteFile | UnreadableFile] | None:
    """Return the files below `folder_url`, from its bucket's listing. None if its `answer` is not from a store.

    Only a bucket's own listing shows which part of the address is the bucket.
    """
    if not _is_stores(answer):
        return None
    for prefix in _find_prefixes(folder_url, is_bucket=is_listing(answer.body)):
        found = reader.fetch(prefix.list_url(**{"max-keys": "1"}))
        if found.status == 200 and is_listing(found.body):
            files = list_prefix(reader, prefix)
            if files or not prefix.prefix:
                return files
    return None


def _is_stores(answer: Response) -> bool:
    """Whether an object store answered: with a bucket's listing, with "no such object", or with an empty object.

    Stores' consoles create a folder as an empty object whose key ends in a slash.
    """
    if answer.status == 200:
        return is_listing(answer.body) or not answer.body.strip()
    return answer.status in (400, 403, 404) and bool(read_error(answer.body).get("Code"))


def _find_prefixes(folder_url: str, *, is_bucket: bool) -> Iterator[Prefix]:
    """Yield the possible meanings of the address: first segment is the bucket, then the host, then more segments."""
    parts = urlsplit(folder_url)
    segments = [segment for segment in unquote(parts.path).split("/") if segment]
    lengths = [len(segments)] if is_bucket else [1, 0, *range(2, len(segments) + 1)]
    for length in lengths[:_MAX_TRIES]:
        if length <= len(segments):
            path = "".join(f"/{quote(segment, safe='')}" for segment in segments[:length])
            bucket_url = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
            yield Prefix(bucket_url, "".join(f"{segment}/" for segment in segments[length:]))
