"""Lists the objects below a prefix, page by page (ListObjectsV2)."""

from collections.abc import Iterator

from downloads_app.errors import SourceError
from downloads_app.sources import RemoteFile, UnreadableFile
from downloads_app.sources.listing_reader import MAX_FILES, ListingReader
from downloads_app.sources.s3.addresses import Prefix
from downloads_app.sources.s3.pages import PAGE_OBJECTS, Page, StoredObject, read_page
from downloads_app.sources.s3.refusals import explain_refusal


def list_prefix(reader: ListingReader, prefix: Prefix) -> list[RemoteFile | UnreadableFile]:
    """Return all files below a prefix; their names are not checked yet. Empty if no key has the prefix."""
    objects = {found.key: found for found in _list_objects(reader, prefix)}
    return [
        _describe(found, prefix)
        for key, found in objects.items()
        if found.size_bytes != 0 or not key.endswith("/")  # else a console's folder: it has no content
    ]


def _describe(found: StoredObject, prefix: Prefix) -> RemoteFile | UnreadableFile:
    path = found.key.removeprefix(prefix.prefix)
    if found.size_bytes is None:
        return UnreadableFile(path, f"The store lists {found.key[:120]!a} without a size that can be read")
    return RemoteFile(path, prefix.url_of(found.key), found.size_bytes)


def _list_objects(reader: ListingReader, prefix: Prefix) -> Iterator[StoredObject]:
    """Yield all objects, page by page. Raises SourceError if the list stops early or repeats a page."""
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
    """Return the parameters for the next page. A store with only the first version of the API needs the last key."""
    if page.next_token:
        return {"continuation-token": page.next_token}
    return {"marker": page.objects[-1].key} if page.objects else {}
