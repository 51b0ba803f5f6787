"""Kind `s3`: a listing is whole or an error, however little a store says of where it ends."""

import pytest

from downloads_app.sources.s3 import pages
from tests.sources.s3.test_hostile import list_at, page, refuse
from tests.support.pages import Page


@pytest.mark.parametrize(
    "more",
    [
        "<NextContinuationToken>t</NextContinuationToken>",
        "<NextMarker>r/b</NextMarker>",
        "<IsTruncated>yes</IsTruncated>",
        "<IsTruncated> TRUE </IsTruncated><NextMarker>r/b</NextMarker>",
    ],
)
def test_a_page_that_does_not_say_plainly_that_it_is_the_last_is_not(more: str) -> None:
    def answer(path: str) -> Page:
        if "list-type" not in path:
            return Page(status=404)
        return page("r/c") if "marker" in path or "continuation-token" in path else page("r/a", "r/b", more=more)

    assert [file.path for file in list_at(answer)[0].files] == ["a", "b", "c"]


def test_a_full_page_that_says_nothing_is_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_OBJECTS", 2)

    def answer(path: str) -> Page:
        if "list-type" not in path:
            return Page(status=404)
        return page("r/c") if "marker=r%2Fb" in path else page("r/a", "r/b")

    assert [file.path for file in list_at(answer)[0].files] == ["a", "b", "c"]


def test_a_list_of_folders_is_not_the_whole() -> None:
    folders = "<CommonPrefixes><Prefix>r/sub/</Prefix></CommonPrefixes>"
    assert "lists folders" in refuse(lambda path: page("r/a", more=folders)).message


@pytest.mark.parametrize("empty", ["<CommonPrefixes/>", "<CommonPrefixes><Prefix></Prefix></CommonPrefixes>"])
def test_an_empty_list_of_folders_leaves_nothing_out(empty: str) -> None:
    def answer(path: str) -> Page:
        return page("r/a", more=empty) if "list-type" in path else Page(status=404)

    assert [file.path for file in list_at(answer)[0].files] == ["a"]
