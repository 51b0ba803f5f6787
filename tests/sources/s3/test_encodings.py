"""Kind `s3`: a key means the same file however a store writes it, and whatever its characters mean elsewhere."""

from collections.abc import Callable
from urllib.parse import parse_qs, quote, quote_plus, unquote, urlsplit
from xml.sax.saxutils import escape

import pytest

from downloads_app.sources import Access
from downloads_app.sources.fetching import fetch_text
from downloads_app.sources.http_folder.source import HttpSource
from downloads_app.sources.s3.source import S3Source
from tests.support.pages import Page, serve_pages

KEYS = [
    "a+b.bin",
    "a b.bin",
    "a%2Bb.bin",
    "a%20b.bin",
    "100%.bin",
    "%",
    "größe/日本.bin",
    "gro\u0308ße.bin",
    "a&b<c>'d\"e.bin",
    "q?x=1#part;y.bin",
    "*~!()@:,=$.bin",
    " leading.bin",
    "trailing .bin",
    "\U0001f600.bin",
]
PREFIX = "r &+%/"
MISSING = Page(b"<Error><Code>NoSuchKey</Code></Error>", "application/xml", status=404)


def as_amazon(key: str) -> str:
    """As Amazon's and MinIO's stores encode a key: spaces as plus signs (`encoding-type=url`)."""
    return quote_plus(key, safe="/*")


def with_percents(key: str) -> str:
    """As Google's, Ceph's and others do: spaces as `%20`, everything but letters and digits encoded."""
    return quote(key, safe="/")


def in_small_letters(key: str) -> str:
    """The same with hexadecimal digits in lower case."""
    first, *encoded = quote(key, safe="/").split("%")
    return "%".join([first, *(part[:2].lower() + part[2:] for part in encoded)])


def over_encoded(key: str) -> str:
    """Every byte encoded, letters too."""
    return "".join(f"%{byte:02X}" if byte != ord("/") else "/" for byte in key.encode())


FORMS: dict[str, tuple[bool, Callable[[str], str]]] = {
    "amazon": (True, as_amazon),
    "percents": (True, with_percents),
    "small letters": (True, in_small_letters),
    "all bytes": (True, over_encoded),
    "not encoded, as a store that knows no encoding-type": (False, str),
}


def serve(form: str) -> Callable[[str], Page]:
    """Answer as a store that has KEYS below PREFIX; each object holds its own key."""
    is_told, write = FORMS[form]
    objects = {PREFIX + key: key.encode() for key in KEYS}

    def answer(path: str) -> Page:
        parts = urlsplit(path)
        query = parse_qs(parts.query)
        if "list-type" in query:
            assert query["prefix"] == [PREFIX]
            return list_page(query.get("continuation-token", ["0"])[0])
        key = unquote(parts.path).removeprefix("/bucket/")
        return Page(objects[key], "application/octet-stream") if key in objects else MISSING

    def list_page(token: str) -> Page:
        at = int(token)
        told = "<EncodingType>url</EncodingType>" if is_told else ""
        rows = "".join(
            f"<Contents><Key>{escape(write(key))}</Key><Size>{len(content)}</Size></Contents>"
            for key, content in list(objects.items())[at : at + 5]
        )
        is_last = at + 5 >= len(objects)
        onward = "" if is_last else f"<NextContinuationToken>{at + 5}</NextContinuationToken>"
        cut = f"<IsTruncated>{str(not is_last).lower()}</IsTruncated>{onward}"
        return Page(f"<ListBucketResult>{told}{cut}{rows}</ListBucketResult>".encode(), "application/xml")

    return answer


@pytest.mark.parametrize("form", FORMS)
def test_every_key_is_the_same_file_in_each_encoding(form: str) -> None:
    with serve_pages(serve(form)) as pages:
        access = Access(f"{pages.url}/bucket", username="key", password="secret", allow_private_network=True)
        files = S3Source(access).list_files(PREFIX, None).files
        assert {file.path: fetch_text(access, file.url, limit_bytes=100).body for file in files} == {
            key: key.encode() for key in KEYS
        }


@pytest.mark.parametrize("form", FORMS)
def test_so_it_is_behind_an_ordinary_address(form: str) -> None:
    with serve_pages(serve(form)) as pages:
        access = Access(f"{pages.url}/bucket", allow_private_network=True)
        files = HttpSource(access).list_files(PREFIX, None).files
        assert {file.path: file.size_bytes for file in files} == {key: len(key.encode()) for key in KEYS}


def test_a_store_of_the_first_version_is_asked_on_by_the_decoded_key() -> None:
    """Its next page begins after the last key: not after that key as it was written."""

    def answer(path: str) -> Page:
        query = parse_qs(urlsplit(path).query)
        if "list-type" not in query:
            return Page(status=404)
        is_first = "marker" not in query
        assert is_first or query["marker"] == ["r/a+b %.bin"]
        key = quote_plus("r/a+b %.bin" if is_first else "r/z", safe="/")
        told = f"<EncodingType>url</EncodingType><IsTruncated>{str(is_first).lower()}</IsTruncated>"
        row = f"<Contents><Key>{key}</Key><Size>1</Size></Contents>"
        return Page(f"<ListBucketResult>{told}{row}</ListBucketResult>".encode(), "application/xml")

    with serve_pages(answer) as pages:
        access = Access(f"{pages.url}/bucket", allow_private_network=True)
        assert [file.path for file in S3Source(access).list_files("r", None).files] == ["a+b %.bin", "z"]
