"""Kind `s3` and stores that answer what they should not: a clear line, soon, and no secret told."""

import base64
import time
from collections.abc import Callable

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access, Listing
from downloads_app.sources.s3 import listing, sums
from downloads_app.sources.s3.source import S3Source
from tests.support.pages import Page, serve_pages

SECRET = "secret-key"
MD5, SHA256 = "0123456789abcdef" * 2, base64.b64encode(bytes(32)).decode()
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9))
    + b"]><ListBucketResult><Contents><Key>&j;</Key><Size>1</Size></Contents></ListBucketResult>"
)
FILE_BOMB = (
    b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    b"<ListBucketResult><Contents><Key>r/&a;</Key><Size>1</Size></Contents></ListBucketResult>"
)


def page(*keys: str, size: object = 1, more: str = "") -> Page:
    contents = "".join(f"<Contents><Key>{key}</Key><Size>{size}</Size></Contents>" for key in keys)
    return Page(f"<ListBucketResult>{contents}{more}</ListBucketResult>".encode(), "application/xml")


def error(code: str, more: str = "") -> bytes:
    return f"<Error><Code>{code}</Code><Message>{SECRET}?</Message>{more}</Error>".encode()


def list_at(answers: Callable[[str], Page], **changes: object) -> tuple[Listing, list[str]]:
    with serve_pages(answers) as pages:
        access = Access(f"{pages.url}/bucket", username="key", password=SECRET, allow_private_network=True)
        return S3Source(access).list_files("r", None), pages.paths


def refuse(answers: Callable[[str], Page]) -> SourceError:
    with pytest.raises(SourceError) as caught:
        list_at(answers)
    assert caught.value.message.isprintable()
    assert len(caught.value.message) < 400
    assert SECRET not in caught.value.message
    return caught.value


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        FILE_BOMB,
        BOMB.decode().encode("utf-16"),
        b"",
        b"not XML",
        b"<html><body>Sign in</body></html>",
        b"<ListBucketResult>",
        b"<ListBucketResult>" + b"<a>" * 500_000,
        b"<ListBucketResult>" + b"<Contents/>" * 20_000 + b"</ListBucketResult>",
        b"<ListBucketResult><Name>" + b"x" * 1_000_000 + b"</Name></ListBucketResult>",
        b'<?xml version="1.0" encoding="nonsense"?><ListBucketResult/>',
        b"<ListBucketResult>\x00</ListBucketResult>",
        b'{"Contents": []}',
    ],
    ids=range(13),
)
def test_what_is_no_listing_is_refused_soon(body: bytes) -> None:
    begun_at = time.thread_time()
    assert refuse(lambda path: Page(body, "application/xml")).permanent
    assert time.thread_time() - begun_at < 5


@pytest.mark.parametrize(
    "key", ["r/../../etc/passwd", "r//x", "r/a\\b", "r/./x", "r/C:x", "r/x/", "r/&#9;", "r/" + "x" * 300]
)
def test_a_key_that_cannot_be_stored_is_refused(key: str) -> None:
    assert "Refused the file name" in refuse(lambda path: page("r/good", key)).message


@pytest.mark.parametrize("key", ["elsewhere/x", "R/x", "/r/x", "rx"])
def test_a_key_outside_the_prefix_is_refused(key: str) -> None:
    assert "lies elsewhere" in refuse(lambda path: page("r/good", key)).message


@pytest.mark.parametrize("size", ["-1", "1e3", "many", "", "9" * 30, "١"])
def test_a_size_that_is_none_is_refused(size: str) -> None:
    assert refuse(lambda path: page("r/x", size=size)).permanent


def test_a_key_and_what_lies_below_it_cannot_stand_beside_each_other() -> None:
    assert "as a file and as a folder" in refuse(lambda path: page("r/x", "r/x/y")).message


def test_a_listing_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MAX_FILES", 10)
    count = iter(range(10_000))

    def answer(path: str) -> Page:
        number = next(count)
        cut = f"<IsTruncated>true</IsTruncated><NextContinuationToken>{number}</NextContinuationToken>"
        return page(f"r/{number}", more=cut)

    assert "more than 10 files" in refuse(answer).message


@pytest.mark.parametrize("more", ["", "<NextContinuationToken>same</NextContinuationToken>"])
def test_a_listing_that_goes_round_in_circles_is_given_up(more: str) -> None:
    answer = page("r/x", more=f"<IsTruncated>true</IsTruncated>{more}")
    assert "does not say where it goes on" in refuse(lambda path: answer).message
    empty = page(more="<IsTruncated>true</IsTruncated>")
    assert "does not say where it goes on" in refuse(lambda path: empty).message


def test_a_store_of_the_first_version_is_asked_on_by_the_last_key() -> None:
    def answer(path: str) -> Page:
        if "marker=r%2Fb" in path:
            return page("r/c")
        return page("r/a", "r/b", more="<IsTruncated>true</IsTruncated>")

    listing, paths = list_at(lambda path: Page(status=404) if "list-type" not in path else answer(path))
    assert [file.path for file in listing.files] == ["a", "b", "c"]
    assert len([path for path in paths if "list-type" in path]) == 2


@pytest.mark.parametrize(
    ("status", "body", "headers", "expected", "permanent"),
    [
        (503, error("SlowDown"), {"Retry-After": "7"}, "503", False),
        (500, b"", {}, "500", False),
        (404, b"<html>no</html>", {}, "404", True),
        (403, BOMB, {}, "403", True),
        (400, error("Bad\nCode " + "x" * 5000), {}, "400", True),
        (403, error("RequestTimeTooSkewed"), {}, "the clocks here and there differ", True),
        (400, error("AuthorizationHeaderMalformed", "<Region>eu-west-1</Region>"), {}, "region 'eu-west-1'", True),
        (301, error("PermanentRedirect", "<Endpoint>b.s3.x</Endpoint>"), {}, "lies at 'b.s3.x'", True),
        (301, b"", {"x-amz-bucket-region": "eu-west-1"}, "in the region 'eu-west-1'", True),
    ],
)
def test_a_refusal_says_what_to_do(
    status: int, body: bytes, headers: dict[str, str], expected: str, permanent: bool
) -> None:
    caught = refuse(lambda path: Page(body, "application/xml", status, headers))
    assert expected in caught.message
    assert caught.permanent is permanent


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"ETag": f'"{MD5}-3"', "x-amz-checksum-sha256": f"{SHA256}-3"},
        {"x-amz-checksum-sha256": SHA256, "x-amz-checksum-type": "COMPOSITE"},
        {"x-amz-checksum-sha256": "no base64", "ETag": MD5},
        {"x-amz-checksum-sha256": "\u00fc" * 44, "ETag": MD5},
        {"x-amz-checksum-sha256": "c2hvcnQ=", "ETag": f'W/"{MD5}"'},
        {"ETag": f'"{MD5}"', "x-amz-server-side-encryption": "aws:kms"},
        {"ETag": f'"{MD5}"', "x-amz-server-side-encryption-customer-algorithm": "AES256"},
    ],
)
def test_a_sum_of_parts_or_of_what_is_encrypted_is_no_sum(headers: dict[str, str]) -> None:
    listing, _ = list_at(lambda path: page("r/a") if "list-type" in path else Page(headers=headers))
    (file,) = listing.files
    assert (file.sha256, file.md5) == (None, None)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"ETag": f'"{MD5}"'}, (None, MD5)),
        ({"ETag": f'"{MD5}"', "x-amz-server-side-encryption": "AES256"}, (None, MD5)),
        ({"ETag": f'"{MD5}"', "x-amz-checksum-sha256": SHA256}, ("00" * 32, None)),
    ],
)
def test_the_best_sum_that_a_store_has_is_taken(
    headers: dict[str, str], expected: tuple[str | None, str | None]
) -> None:
    listing, _ = list_at(lambda path: page("r/a") if "list-type" in path else Page(headers=headers))
    (file,) = listing.files
    assert (file.sha256, file.md5) == expected


def test_sums_are_asked_for_within_limits_the_largest_files_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sums, "MAX_ASKED_FILES", 1)
    keys = "".join(
        f"<Contents><Key>r/{name}</Key><Size>{size}</Size></Contents>" for name, size in (("a", 1), ("b", 9))
    )
    listed = Page(f"<ListBucketResult>{keys}</ListBucketResult>".encode(), "application/xml")
    listing, paths = list_at(lambda path: listed if "list-type" in path else Page(headers={"ETag": f'"{MD5}"'}))
    assert {file.path: file.md5 for file in listing.files} == {"a": None, "b": MD5}
    assert len(paths) == 2
    monkeypatch.setattr(sums, "MAX_ASKING_SECONDS", -1.0)
    _, paths = list_at(lambda path: listed)
    assert len(paths) == 1


def test_a_redirected_listing_takes_no_signature_along() -> None:
    with serve_pages(lambda path: page("r/x")) as other:
        moved = Page(status=307, headers={"Location": f"{other.url}/bucket?list-type=2"})
        with serve_pages(lambda path: moved) as pages:
            access = Access(
                f"{pages.url}/bucket",
                username="key",
                password=SECRET,
                header_name="x-amz-security-token",
                header_value="session",
                signing_region="us-east-1",
                allow_private_network=True,
            )
            S3Source(access).list_files("r", None)
    assert "authorization" in pages.requests[0][1]
    assert pages.requests[0][1]["x-amz-security-token"] == "session"
    for _, headers in other.requests:
        assert not {"authorization", "x-amz-date", "x-amz-security-token"} & headers.keys()
