"""The wire format, byte by byte."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from downloads_app.services.downloads.representation import as_dict, encode, values_of
from downloads_app.web.stream import sse
from tests.support.downloads import rows


@given(st.lists(rows, min_size=1, max_size=3))
def test_an_update_is_one_event_of_one_data_line(downloads: list[Any]) -> None:
    frame = sse.update([encode(values_of(row)) for row in downloads], "1-2").decode()
    head, data, *rest = frame.split("\n")[1:]
    assert frame.startswith("id: 1-2\n")
    assert head == "event: update"
    assert rest == ["", ""]
    told = json.loads(data.removeprefix("data: "))
    assert told == {"type": "update", "downloads": [as_dict(row) for row in downloads]}


def test_the_last_words_are_the_given_ones() -> None:
    assert b'data: {"type":"complete","message":"All downloads completed"}\n\n' in sse.complete()
    failed = b'data: {"type":"error","error":"Failed to get downloads: Database error"}\n\n'
    assert failed in sse.error(sse.DATABASE_ERROR)
    complete_id = sse.complete().split(b"\n")[0].removeprefix(b"id: ").decode()
    assert sse.is_complete_id(complete_id)
    assert not sse.is_complete_id("1-2")


def test_a_retry_is_a_further_field_or_a_block_of_its_own() -> None:
    assert sse.with_retry(b"id: 1\nevent: x\ndata: {}\n\n", 1.5) == b"id: 1\nevent: x\ndata: {}\nretry: 1500\n\n"
    assert sse.retry(0.25) == b"retry: 250\n\n"
