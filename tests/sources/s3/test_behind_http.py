"""Kind `http` at an object store: its bucket is found behind an ordinary address, and listed page by page."""

from hashlib import sha256

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access
from downloads_app.sources.fetching import fetch_text
from downloads_app.sources.http_folder.source import HttpSource
from tests.support.object_store import ObjectStore
from tests.support.pages import Page, Pages, serve_pages

XML = "application/xml"
MISSING = Page(b"<Error><Code>NoSuchKey</Code><Message>The key does not exist.</Message></Error>", XML, status=404)
CLOSED = Page(b"<Error><Code>AccessDenied</Code></Error>", XML, status=403)
NAMES = ["config.json", "sub/größe %2B+&.bin", "sub/deep/x"]


def write_page(*keys: str, more: str = "") -> Page:
    """Return a page of a bucket; `more` are elements that say where it goes on."""
    rows = "".join(f"<Contents><Key>{key}</Key><Size>{0 if key.endswith('/') else 5}</Size></Contents>" for key in keys)
    cut = f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>{more}"
    text = f'<?xml version="1.0"?>\n<ListBucketResult xmlns="http://s3.example/">{cut}{rows}</ListBucketResult>'
    return Page(text.encode(), XML)


def list_paths(pages: Pages, path: str, repository: str) -> list[str]:
    source = HttpSource(Access(pages.url + path, allow_private_network=True))
    return [file.path for file in source.list_files(repository, None).files]


@pytest.mark.parametrize(("path", "repository"), [("/public", "web/r"), ("", "public/web/r"), ("/public/web/r/", ".")])
def test_a_prefix_of_a_real_store_is_listed_and_arrives(store: ObjectStore, path: str, repository: str) -> None:
    for name in NAMES:
        store.put("public", f"web/r/{name}", name.encode(), with_sum=True)
    store.put("public", "web/rr/neighbour", b"x")
    access = Access(store.url + path, allow_private_network=True)
    files = HttpSource(access).list_files(repository, None).files
    assert {file.path: fetch_text(access, file.url, limit_bytes=1_000).body for file in files} == {
        name: name.encode() for name in NAMES
    }
    assert {file.path: file.size_bytes for file in files} == {name: len(name.encode()) for name in NAMES}
    assert {file.path: file.sha256 for file in files} == {name: sha256(name.encode()).hexdigest() for name in NAMES}


def test_what_no_key_begins_with_is_not_found(store: ObjectStore) -> None:
    with pytest.raises(SourceError, match="not found"):
        HttpSource(Access(f"{store.url}/public", allow_private_network=True)).list_files("nothing/here", None)


@pytest.mark.parametrize(
    ("more", "query"),
    [
        ("<NextContinuationToken>t/2</NextContinuationToken>", "continuation-token=t%2F2"),
        ("<NextMarker>r/a</NextMarker>", "marker=r%2Fa"),
    ],
    ids=["second version", "first version"],
)
def test_a_bucket_is_listed_to_its_last_page(more: str, query: str) -> None:
    """As Amazon's, MinIO's and Google's stores page it."""

    def answer(path: str) -> Page:
        if not path.startswith("/bucket?"):
            return MISSING
        return write_page("r/sub/b") if query in path else write_page("r/", "r/a", more=more)

    with serve_pages(answer) as pages:
        assert list_paths(pages, "/bucket", "r") == ["a", "sub/b"]


def test_the_bucket_may_be_the_host_or_lie_deeper() -> None:
    def host_bucket(path: str) -> Page:
        return write_page("models/r/a") if path.startswith("/?") and "prefix=models%2Fr%2F" in path else MISSING

    with serve_pages(host_bucket) as pages:
        assert list_paths(pages, "/models", "r") == ["a"]

    def gateway(path: str) -> Page:
        return write_page("r/a") if path.startswith("/s3/bucket?") and "prefix=r%2F" in path else CLOSED

    with serve_pages(gateway) as pages:
        assert list_paths(pages, "/s3/bucket", "r") == ["a"]


def test_a_bucket_that_answers_its_own_address_with_its_listing_is_listed_whole() -> None:
    def answer(path: str) -> Page:
        if path == "/bucket/":
            return write_page("a", more="<NextMarker>a</NextMarker>")
        return write_page("a", "b") if path.startswith("/bucket?") else MISSING

    with serve_pages(answer) as pages:
        assert list_paths(pages, "/bucket", ".") == ["a", "b"]


@pytest.mark.parametrize("answer", [MISSING, CLOSED, Page(b"<Error/>", XML, status=404), Page(status=404)])
def test_a_store_that_lists_nothing_is_refused_as_any_server(answer: Page) -> None:
    with serve_pages(lambda path: answer) as pages, pytest.raises(SourceError) as caught:
        list_paths(pages, "/bucket", "r")
    assert caught.value.permanent
    assert ("not found" in caught.value.message) == (answer.status == 404)
