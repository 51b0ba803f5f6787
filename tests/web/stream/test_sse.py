"""The wire format, byte by byte."""

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from downloads_app.web.stream import sse

counts = st.integers(0, 2**63 - 1)
times = st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC))
rows = st.builds(
    SimpleNamespace,
    id=st.uuids().map(str),
    user_id=st.uuids().map(str),
    provider_id=st.uuids().map(str),
    repository_id=st.uuids().map(str),
    status=st.sampled_from(["pending", "downloading"]),
    current_bytes=counts,
    total_bytes=st.none() | counts,
    current_file=st.none() | st.text(),
    total_files=st.none() | counts,
    files_completed=counts,
    download_speed=counts,
    eta_seconds=st.none() | counts,
    started_at=st.none() | times,
    created_at=times,
    updated_at=times,
)


@given(rows)
def test_the_template_says_what_the_encoder_would(row: Any) -> None:
    encoder = json.JSONEncoder(separators=(",", ":"))
    assert sse.encode_download(sse.values_of(row)).decode() == encoder.encode(sse.download_to_wire(row))


@given(st.lists(rows, min_size=1, max_size=3))
def test_an_update_is_one_event_of_one_data_line(downloads: list[Any]) -> None:
    frame = sse.update([sse.encode_download(sse.values_of(row)) for row in downloads], "1-2").decode()
    head, data, *rest = frame.split("\n")[1:]
    assert frame.startswith("id: 1-2\n")
    assert head == "event: update"
    assert rest == ["", ""]
    told = json.loads(data.removeprefix("data: "))
    assert told == {"type": "update", "downloads": [sse.download_to_wire(row) for row in downloads]}


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
