"""Searching a hub: what is told of each repository, and answers that no hub gives."""

import json

import pytest

from downloads_app.errors import SourceError
from downloads_app.sources import FoundRepository
from tests.sources.hub.hub_sources import open_hub
from tests.support.hub import Hub
from tests.support.pages import Page, serve_pages

ASKED = "/api/models?search=nimbus&limit=3&sort=downloads&direction=-1&full=true"
ROW = {"id": "a/nimbus", "downloads": 12, "likes": 3, "lastModified": "2026-01-31T12:00:00.000Z", "gated": False}


def test_a_hub_is_searched_by_a_part_of_the_name(hub: Hub) -> None:
    found = open_hub(hub.url).search("OPEN", 5)
    assert found == [FoundRepository("org/open", 0, 0, "2024-01-01T00:00:00Z", False, "apache-2.0")]
    assert open_hub(hub.url).search("nowhere", 5) == []


def test_what_a_row_does_not_tell_or_tells_badly_is_unknown() -> None:
    odd = {"id": "a/odd", "downloads": True, "likes": -1, "lastModified": "now", "tags": [1, "license:mit"]}
    rows = [{**ROW, "gated": "manual"}, odd, {"id": "a\nb"}, {"id": 7}, "text", {"id": "x" * 300}]
    with serve_pages({ASKED: Page(json.dumps(rows).encode(), "application/json")}) as pages:
        found = open_hub(pages.url).search("nimbus", 3)
    assert found == [
        FoundRepository("a/nimbus", 12, 3, "2026-01-31T12:00:00Z", True),
        FoundRepository("a/odd", licence="mit"),
    ]


@pytest.mark.parametrize("body", [b"{}", b"<html>", b"[" * 100_000])
def test_an_answer_that_no_hub_gives_is_an_error(body: bytes) -> None:
    with serve_pages({ASKED: Page(body, "application/json")}) as pages, pytest.raises(SourceError):
        open_hub(pages.url).search("nimbus", 3)
