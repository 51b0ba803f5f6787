"""Whole downloads from a real store, through the real worker."""

import gzip
import hashlib
from typing import Any

import pytest
from flask import Flask

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import DownloadFile, Provider, Status, User
from downloads_app.services.downloads import lifecycle
from downloads_app.services.providers import catalog
from tests.support.downloading import folder_of, reload
from tests.support.object_store import KEY, SECRET, ObjectStore
from tests.support.pages import Page, serve_pages
from tests.worker.running import FILES, TOTAL_BYTES, arrived, run, run_to_failure
from tests.worker.transfer.transferring import noise


def provide_store(store: ObjectStore, path: str, **secrets: Any) -> Provider:
    return catalog.add_provider(
        current_settings(), "store", "s3", store.url + path, allow_private_network=True, **secrets
    )


def test_a_prefix_arrives_byte_for_byte_over_signed_ranges(app: Flask, alice: User, store: ObjectStore) -> None:
    for name, content in FILES.items():
        store.put("models", f"lab/model/{name}", content, with_sum=name.endswith(".bin"))
    provider = provide_store(store, "/models/lab", username=KEY, password=SECRET)
    row = lifecycle.create(current_settings(), alice, provider, "model")
    run(app)
    row = reload(row)
    assert row.status == Status.COMPLETED, row.error_message
    assert arrived(folder_of(row)) == FILES
    assert (row.current_bytes, row.total_bytes) == (TOTAL_BYTES, TOTAL_BYTES)
    urls = db.session.scalars(db.select(DownloadFile.url)).all()
    assert all("?" not in url and SECRET not in url for url in urls)


def test_a_public_bucket_is_fetched_without_a_key(app: Flask, alice: User, store: ObjectStore) -> None:
    store.put("public", "model/config.json", b"{}")
    row = lifecycle.create(current_settings(), alice, provide_store(store, ""), "public/model")
    run(app)
    row = reload(row)
    assert row.status == Status.COMPLETED, row.error_message
    assert arrived(folder_of(row)) == {"config.json": b"{}"}


def test_the_root_of_a_store_is_a_repository_too(app: Flask, alice: User, store: ObjectStore) -> None:
    store.put("models", "alone/config.json", b"{}")
    row = lifecycle.create(
        current_settings(), alice, provide_store(store, "/models/alone", username=KEY, password=SECRET), "."
    )
    run(app)
    assert arrived(folder_of(reload(row))) == {"config.json": b"{}"}


@pytest.mark.parametrize("size_bytes", [20, 3_000_000])
def test_a_file_of_another_md5_than_the_store_tells_never_completes(app: Flask, alice: User, size_bytes: int) -> None:
    content = bytes(size_bytes)
    listed = f"<ListBucketResult><Contents><Key>r/x</Key><Size>{size_bytes}</Size></Contents></ListBucketResult>"
    told = {"ETag": f'"{hashlib.md5(b"others").hexdigest()}"'}

    def answer(path: str) -> Page:
        if "list-type" in path:
            return Page(listed.encode(), "application/xml")
        return Page(content, "application/octet-stream", headers=told)

    with serve_pages(answer) as pages:
        provider = catalog.add_provider(
            current_settings(), "store", "s3", f"{pages.url}/bucket", allow_private_network=True
        )
        row = lifecycle.create(current_settings(), alice, provider, "r")
        assert "its MD5 is" in run_to_failure(app)
    assert "x" not in arrived(folder_of(row))


def test_a_wrong_key_fails_with_a_line_that_says_so(app: Flask, alice: User, store: ObjectStore) -> None:
    lifecycle.create(
        current_settings(), alice, provide_store(store, "/models/lab", username=KEY, password="another"), "model"
    )
    assert run_to_failure(app).endswith("the store refuses the provider's signature; its secret key is another one")


def test_an_object_that_is_stored_packed_arrives_as_it_is_stored(app: Flask, alice: User, store: ObjectStore) -> None:
    content = gzip.compress(noise(3_000_000))
    packed = ["Content-Type: application/json", "Content-Encoding: gzip"]
    store.ask("PUT", "/models/packed/weights.json", content, packed)
    row = lifecycle.create(
        current_settings(), alice, provide_store(store, "/models", username=KEY, password=SECRET), "packed"
    )
    run(app)
    row = reload(row)
    assert row.status == Status.COMPLETED, row.error_message
    assert arrived(folder_of(row)) == {"weights.json": content}
