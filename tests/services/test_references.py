"""Rows as commands name them."""

import pytest

from downloads_app.errors import Conflict, NotFound
from downloads_app.models import User
from downloads_app.services.downloads.history import find_download
from tests.support.downloading import add_downloads, add_provider


def test_a_row_is_found_by_its_id_or_by_how_that_begins(alice: User, bob: User) -> None:
    one, _ = add_downloads(alice, add_provider(), "one", "other")
    for reference in (one.id, one.id.upper(), f" {one.id} ", one.id[:35]):
        assert find_download(reference, alice).id == one.id
    with pytest.raises(NotFound):
        find_download(one.id, bob)


def test_a_beginning_of_several_ids_names_none(alice: User) -> None:
    provider = add_provider()
    add_downloads(alice, provider, "one", id="aaaaaaaa-0000-4000-8000-000000000001")
    add_downloads(alice, provider, "other", id="aaaaaaaa-0000-4000-8000-000000000002")
    with pytest.raises(Conflict, match="Several downloads begin with 'aaaa'"):
        find_download("aaaa")


@pytest.mark.parametrize("reference", ["", "x", "%", "-" * 36, "a" * 36, "a" * 1000])
def test_what_is_no_id_is_not_found(alice: User, reference: str) -> None:
    add_downloads(alice, add_provider(), "one")
    with pytest.raises(NotFound, match="There is no download"):
        find_download(reference)
