"""The live stream against a real gunicorn: who sees what, when, in which form, and how it ends."""

import statistics
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from downloads_app.extensions import db
from downloads_app.models import Download, User
from tests.acceptance.conftest import check_event
from tests.support.rows import add_download, change
from tests.support.server import Server
from tests.support.sse import StreamClient

pytestmark = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True, scope="module")
INTERVAL = 0.4
MakeServer = Callable[..., Server]
OpenStream = Callable[..., StreamClient]


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server]) -> Server:
    """The server of this file."""
    return start_server(stream_interval_seconds=INTERVAL)


def shown(event: Any) -> list[str]:
    return [download["id"] for download in event.data["downloads"]]


def test_events_have_the_given_form_and_come_on_schedule(alice: User, server: Server, open_stream: OpenStream) -> None:
    add_download(alice)
    known = {
        "current_bytes": 1024000,
        "total_bytes": 10240000,
        "current_file": 'mödel "1".gguf',
        "total_files": 5,
        "files_completed": 2,
        "download_speed": 1048576,
        "eta_seconds": 10,
    }
    add_download(alice, **known)
    stream = open_stream(server, alice)
    events = stream.wait_events(8, "update")
    assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert stream.headers["cache-control"] == "no-store, no-transform"
    assert stream.headers["x-accel-buffering"] == "no"
    assert stream.headers["connection"] == "close"  # its end closes it: nobody may send a next request on it
    for event in events:
        check_event(event)
    unknown, full = events[0].data["downloads"]
    assert full["progress_data"] == known
    empty = dict.fromkeys(known) | {"current_bytes": 0, "files_completed": 0, "download_speed": 0}
    assert unknown["progress_data"] == empty
    assert unknown["started_at"] is None
    gaps = [later.arrived - earlier.arrived for earlier, later in pairwise(events)]
    assert abs(statistics.median(gaps) - INTERVAL) < INTERVAL / 3, gaps
    lateness = [event.arrived - events[0].arrived - number * INTERVAL for number, event in enumerate(events)]
    assert min(lateness[-3:]) < INTERVAL / 3, f"the schedule has shifted: {lateness}"


def test_the_first_event_leaves_at_once_whatever_the_interval(
    alice: User, make_server: MakeServer, open_stream: OpenStream
) -> None:
    add_download(alice)
    server = make_server(stream_interval_seconds=60)
    stream = open_stream(server, alice)
    assert stream.wait_events(1, "update", seconds=3)


def test_each_sees_their_own_and_an_admin_everybodys(
    alice: User, bob: User, admin: User, server: Server, open_stream: OpenStream
) -> None:
    downloads = [add_download(user) for user in (alice, bob, alice)]
    add_download(alice, status="completed")
    add_download(bob, status="paused")
    expected = {
        alice: [downloads[0].id, downloads[2].id],
        bob: [downloads[1].id],
        admin: [download.id for download in downloads],
    }
    streams = {user: open_stream(server, user) for user in expected}
    for user, stream in streams.items():
        assert all(shown(event) == expected[user] for event in stream.wait_events(3, "update"))


def test_changes_show_at_the_next_ticks_and_complete_ends_the_stream(
    alice: User, server: Server, open_stream: OpenStream
) -> None:
    download = add_download(alice, status="pending")
    stream = open_stream(server, alice)
    stream.wait_events(2, "update")
    change(download, status="downloading", current_bytes=17)
    deadline = time.monotonic() + 60
    while stream.events[-1].data["downloads"][0]["progress_data"]["current_bytes"] != 17:
        assert time.monotonic() < deadline
        stream.wait_events(len(stream.events) + 1)
    second = add_download(alice)
    change(download, status="completed")
    change(second, status="cancelled")
    events = stream.wait_closed()
    assert [event.name for event in events[:-1]] == ["update"] * (len(events) - 1)
    check_event(events[-1])
    assert events[-1].data == {"type": "complete", "message": "All downloads completed"}


def test_a_deleted_download_leaves_the_stream(
    alice: User, admin: User, server: Server, open_stream: OpenStream
) -> None:
    download = add_download(alice)
    streams = [open_stream(server, alice), open_stream(server, admin)]
    for stream in streams:
        stream.wait_events(1, "update")
    db.session.delete(db.session.get_one(Download, download.id))
    db.session.commit()
    for stream in streams:
        assert stream.wait_closed()[-1].name == "complete"


def test_nothing_active_is_complete_at_once_and_204_for_who_has_seen_it(
    alice: User, server: Server, open_stream: OpenStream
) -> None:
    first = open_stream(server, alice)
    (event,) = first.wait_closed()
    check_event(event)
    assert event.name == "complete"
    seen = {"Last-Event-ID": event.event_id or ""}
    again = open_stream(server, alice, headers=seen)
    assert again.wait_status() == 204
    add_download(alice)
    assert open_stream(server, alice, headers=seen).wait_events(1, "update")


def test_a_download_added_a_moment_ago_is_never_missed(alice: User, server: Server, open_stream: OpenStream) -> None:
    for _ in range(10):
        open_stream(server, alice).wait_closed()
        download = add_download(alice)
        assert open_stream(server, alice).wait_events(1)[0].name == "update"
        change(download, status="completed")
