"""What a download consists of: its pinned listing, the bytes it counts for."""

from typing import Any

from sqlalchemy import event

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import DownloadFile, Provider, User
from downloads_app.services.downloads import lifecycle, listings
from downloads_app.sources import Listing, RemoteFile
from tests.support.downloading import claim, in_status, reload


def test_a_listing_is_pinned_and_read_back_in_order(alice: User, provider: Provider) -> None:
    in_status(alice, provider, "pending")
    found = claim()
    assert found is not None
    files = tuple(
        RemoteFile(f"f{n}", f"http://x/f{n}", n, None, git_sha1="a" * 40, xet_hash="b" * 64, about_bytes=n + 5)
        for n in range(1200)
    )
    assert listings.store_listing(found, Listing(files, "abc"))
    assert [file.remote for file in listings.read_listing(found.download_id)] == list(files)
    row = reload(found)
    assert (row.commit, row.total_files, row.total_bytes) == ("abc", 1200, sum(range(1200)))
    listings.mark_completed(found, [listings.CompletedFile(7, 7, "0" * 64)])
    assert [f.position for f in listings.read_listing(found.download_id) if f.is_completed] == [7]


def test_a_worker_that_lost_the_download_marks_none_of_its_files(alice: User, provider: Provider) -> None:
    in_status(alice, provider, "pending")
    found = claim()
    assert found is not None
    assert listings.store_listing(found, Listing((RemoteFile("a", "u", 5, None),), "abc"))
    lifecycle.pause(current_settings(), reload(found))
    listings.mark_completed(found, [listings.CompletedFile(0, 5, "0" * 64)])
    assert not listings.read_listing(found.download_id)[0].is_completed


def test_a_listing_of_unknown_sizes_has_no_total(alice: User, provider: Provider) -> None:
    in_status(alice, provider, "pending")
    found = claim()
    assert found is not None
    listings.store_listing(found, Listing((RemoteFile("a", "u", 5), RemoteFile("b", "u", None))))
    assert (reload(found).total_files, reload(found).total_bytes) == (2, None)


def test_a_worker_that_lost_the_download_stores_no_listing(alice: User, provider: Provider) -> None:
    in_status(alice, provider, "pending")
    found = claim()
    assert found is not None
    lifecycle.pause(current_settings(), reload(found))
    assert not listings.store_listing(found, Listing((RemoteFile("a", "u", 5),)))
    assert db.session.query(DownloadFile).count() == 0


def test_a_thousand_files_are_noted_by_a_few_statements(alice: User, provider: Provider) -> None:
    in_status(alice, provider, "pending")
    found = claim()
    assert found is not None
    files = tuple(RemoteFile(f"f{n}", f"http://x/f{n}", n) for n in range(1000))
    assert listings.store_listing(found, Listing(files))
    said: list[str] = []

    def note(*told: Any) -> None:
        _, _, statement, values, _, is_of_many = told
        said.extend([statement] * (len(values) if is_of_many else 1))

    event.listen(db.engine, "before_cursor_execute", note)
    listings.mark_completed(found, [listings.CompletedFile(n, n + 1, f"{n:064x}") for n in range(1000)])
    event.remove(db.engine, "before_cursor_execute", note)
    assert len([statement for statement in said if "UPDATE" in statement]) == 2
    row = db.session.scalars(db.select(DownloadFile).where(DownloadFile.position == 999)).one()
    assert (row.size_bytes, row.sha256) == (1000, f"{999:064x}")
    assert all(file.is_completed for file in listings.read_listing(found.download_id))
