"""Kind `s3` against a real store: every key arrives, signed and not, page by page, with sums."""

import hashlib
from typing import Any

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import Access, Listing
from downloads_app.sources.fetching import fetch_text
from downloads_app.sources.s3.source import S3Source
from downloads_app.sources.selection import Selection
from tests.support.object_store import KEY, SECRET, ObjectStore

NAMES = [
    "config.json",
    "deep/er/größe %.bin",
    "a b+c%2B?#&=;,@:$!'()*~[]{}|^`\"<>.bin",
    "日本/モデル.gguf",
    "100%25",
    "..dots/..",
]
OBJECTS = {name: f"the bytes of {name}".encode() for name in NAMES if not name.endswith("/..")}


@pytest.fixture(scope="module", autouse=True)
def objects(store: ObjectStore) -> None:
    for name, content in OBJECTS.items():
        store.put("models", f"org/odd/{name}", content, with_sum=name != "config.json")
    store.put("models", "org/odder/x", b"a neighbour whose name begins alike")
    store.put("models", "org/odd/folder/", b"")
    store.put("public", "org/open/x", b"for everybody")


def access_to(store: ObjectStore, path: str = "/models", **changes: object) -> Access:
    known = {"username": KEY, "password": SECRET, "signing_region": "us-east-1", "allow_private_network": True}
    return Access(store.url + path, **{**known, **changes})  # type: ignore[arg-type]  # by their names


def refuse(access: Access, repository: str) -> SourceError:
    with pytest.raises(SourceError) as caught:
        S3Source(access).list_files(repository, None)
    assert caught.value.message.isprintable()
    assert SECRET not in caught.value.message
    return caught.value


def fetch_all(access: Access, listing: Listing) -> dict[str, bytes]:
    return {file.path: fetch_text(access, file.url, limit_bytes=10_000).body for file in listing.files}


@pytest.mark.parametrize(
    ("path", "repository"),
    [("/models", "org/odd"), ("/models/org/", "odd"), ("/models/org/odd", "."), ("", "models/org/odd")],
)
def test_every_key_below_a_prefix_is_listed_and_arrives(store: ObjectStore, path: str, repository: str) -> None:
    access = access_to(store, path)
    listing = S3Source(access).list_files(repository, "main")
    assert fetch_all(access, listing) == OBJECTS
    assert {file.path: file.size_bytes for file in listing.files} == {n: len(c) for n, c in OBJECTS.items()}


def test_sums_are_told_where_the_store_has_them(store: ObjectStore) -> None:
    listing = S3Source(access_to(store)).list_files("org/odd", None)
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in OBJECTS.items()}
    assert {file.path: file.sha256 for file in listing.files} == {**sums, "config.json": None}
    (config,) = (file for file in listing.files if file.path == "config.json")
    assert config.md5 == hashlib.md5(OBJECTS["config.json"]).hexdigest()


def test_a_long_listing_is_read_to_its_last_page(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("downloads_app.sources.s3.listing.PAGE_OBJECTS", 2)
    listing = S3Source(access_to(store)).list_files("org/odd", None)
    assert {file.path for file in listing.files} == set(OBJECTS)


def test_only_what_is_wanted_is_asked_for_its_sum(store: ObjectStore) -> None:
    listing = S3Source(access_to(store)).list_files("org/odd", None, Selection(include=("*.json",)))
    assert [file.path for file in listing.files] == ["config.json"]
    assert listing.unwanted_files == len(OBJECTS) - 1


def test_a_public_bucket_needs_no_key(store: ObjectStore) -> None:
    access = access_to(store, "/public", username=None, password=None)
    assert fetch_all(access, S3Source(access).list_files("org/open", None)) == {"x": b"for everybody"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"username": None}, "no access"),
        ({"username": "nobody"}, "does not know the provider's access key"),
        ({"password": "another"}, "its secret key is another one"),
    ],
)
def test_a_key_that_is_missing_or_wrong_is_named_as_such(
    store: ObjectStore, changes: dict[str, Any], expected: str
) -> None:
    error = refuse(access_to(store, **changes), "org/odd")
    assert error.permanent
    assert expected in error.message


def test_what_is_not_there_is_not_found(store: ObjectStore) -> None:
    assert "is not found: no key begins with 'org/nothing/'" in refuse(access_to(store), "org/nothing").message
    assert "no such bucket" in refuse(access_to(store, "/nothing"), "org").message
    assert "names a bucket" in refuse(access_to(store, ""), ".").message


def test_a_store_that_answers_passes_the_check(store: ObjectStore) -> None:
    for path in ("/models", "/models/any/prefix", ""):
        S3Source(access_to(store, path)).check()
    S3Source(access_to(store, "/public", username=None)).check()


@pytest.mark.parametrize("path", ["/models", ""])
def test_a_store_that_refuses_the_key_does_not(store: ObjectStore, path: str) -> None:
    with pytest.raises(SourceError, match="signature"):
        S3Source(access_to(store, path, password="another")).check()
