"""The live stream against a real gunicorn: who sees what, when, in which form, and how it ends."""

import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask

from downloads_app import create_app
from downloads_app.extensions import db
from downloads_app.models import Download, User
from downloads_app.services import accounts, tokens
from tests.acceptance.conftest import check_event
from tests.support.postgres import Postgres
from tests.support.rows import add_download, change
from tests.support.server import Server
from tests.support.sse import StreamClient

INTERVAL = 0.4
MakeServer = Callable[..., Server]
OpenStream = Callable[..., StreamClient]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One database of each kind for this whole file: starting servers takes longer than the tests."""
    if request.param == "sqlite":
        path = tmp_path_factory.mktemp("stream") / "test.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
    else:
        postgres: Postgres = request.getfixturevalue("postgres")
        postgres.create_database("stream", template="template")
        yield postgres.url("stream")
        postgres.drop_database("stream")


@pytest.fixture(scope="module")
def instance_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("instance")


@pytest.fixture
def make_app(database_url: str, instance_dir: Path) -> Iterator[Callable[..., Flask]]:
    """The application that seeds the rows: with the server's secret, on an emptied database."""
    app = create_app(database_url=database_url, instance_dir=instance_dir)
    yield lambda **_: app
    with app.app_context():
        db.session.rollback()
        for table in (Download, User):
            db.session.execute(db.delete(table))
        db.session.commit()
        db.session.remove()
        db.engine.dispose()


@pytest.fixture(scope="module")
def server(database_url: str, instance_dir: Path) -> Iterator[Server]:
    """The server of this file."""
    server = Server(database_url, instance_dir, stream_interval_seconds=INTERVAL)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def make_server(database_url: str, instance_dir: Path) -> Iterator[MakeServer]:
    """A server of other settings on the same database."""
    started: list[Server] = []

    def make(**settings: Any) -> Server:
        started.append(Server(database_url, instance_dir, **settings))
        started[-1].start()
        return started[-1]

    yield make
    for server in started:
        server.stop()


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
    assert stream.wait_events(1, "update", seconds=15)


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


def test_head_answers_the_headers_and_holds_nothing(alice: User, make_server: MakeServer) -> None:
    add_download(alice)
    server = make_server(stream_max_per_user=1)
    headers = {"Authorization": f"Bearer {tokens.issue_access(alice)}"}
    for _ in range(5):
        answer = requests.head(f"{server.url}/api/downloads/subscribe", headers=headers, timeout=10)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")


def test_the_cookie_opens_a_stream_and_a_bad_header_beside_it_does_not(
    alice: User, server: Server, open_stream: OpenStream
) -> None:
    add_download(alice)
    cookie = {"Cookie": f"access_token_cookie={tokens.issue_access(alice)}"}
    assert open_stream(server, headers=cookie).wait_events(1, "update")
    assert open_stream(server, headers=cookie | {"Authorization": "Bearer x"}).wait_status() == 401


def test_more_streams_than_the_pool_has_connections(
    alice: User, bob: User, make_server: MakeServer, open_stream: OpenStream
) -> None:
    for user in (alice, bob):
        add_download(user)
    server = make_server(stream_interval_seconds=INTERVAL, stream_max_per_user=30)
    streams = [open_stream(server, user) for user in (alice, bob) for _ in range(30)]
    for stream in streams:
        stream.wait_events(3, "update")
    headers = {"Authorization": f"Bearer {tokens.issue_access(alice)}"}
    assert requests.get(f"{server.url}/api/auth/me", headers=headers, timeout=10).status_code == 200


def test_a_user_has_so_many_streams_and_no_more(
    alice: User, bob: User, make_server: MakeServer, open_stream: OpenStream
) -> None:
    for user in (alice, bob):
        add_download(user)
    server = make_server(stream_interval_seconds=INTERVAL, stream_max_per_user=2)
    held = [open_stream(server, alice) for _ in range(2)]
    for stream in held:
        stream.wait_events(1)
    refused = open_stream(server, alice)
    assert refused.wait_status() == 429
    assert int(refused.headers["retry-after"]) > 0
    assert open_stream(server, bob).wait_events(1, "update")
    held[0].close()
    deadline = time.monotonic() + 60
    while open_stream(server, alice).wait_status() != 200:
        assert time.monotonic() < deadline, "the place of a client that left did not come back"


def test_a_full_house_turns_streams_away_with_200_and_still_serves_requests(
    alice: User, bob: User, make_server: MakeServer, open_stream: OpenStream
) -> None:
    add_download(alice)
    server = make_server(stream_interval_seconds=INTERVAL, stream_max=2)
    for _ in range(2):
        open_stream(server, alice).wait_events(1)
    refused = open_stream(server, bob)
    assert refused.wait_status() == 200
    events = refused.wait_closed()
    assert [event.name for event in events if event.data] == []
    assert 5000 <= int(events[0].retry or 0) <= 15000
    assert any(event.comments for event in events)
    assert requests.get(f"{server.url}/healthz", timeout=5).ok


def test_an_expired_token_ends_the_stream(alice: User, server: Server, open_stream: OpenStream) -> None:
    add_download(alice)
    stream = open_stream(server, token=tokens.issue_access(alice, expires_seconds=2))
    *updates, last = stream.wait_closed()
    check_event(last)
    assert last.data["error"] == "Token has expired"
    assert len(updates) <= 2 / INTERVAL + 2  # one at once, and those of the ticks before the end


def test_rights_taken_away_take_effect_on_open_streams(
    alice: User,
    bob: User,
    admin: User,
    make_user: Callable[..., User],
    server: Server,
    open_stream: OpenStream,
) -> None:
    carol = make_user("carol")
    second_admin = make_user("second-admin", is_admin=True)
    for user in (alice, bob, carol, second_admin):
        add_download(user)
    raw = tokens.issue_access(carol)
    by_disabling, by_deleting = open_stream(server, alice), open_stream(server, bob)
    by_logout, untouched = open_stream(server, token=raw), open_stream(server, carol)
    demoted = open_stream(server, second_admin)
    for stream in (by_disabling, by_deleting, by_logout, untouched):
        stream.wait_events(1, "update")
    assert len(demoted.wait_events(1, "update")[0].data["downloads"]) == 4

    headers = {"Authorization": f"Bearer {raw}"}
    assert requests.post(f"{server.url}/api/auth/logout", headers=headers, timeout=10).status_code == 204
    accounts.set_admin(second_admin, False)
    db.session.execute(db.update(User).where(User.id == alice.id).values(is_disabled=True))
    db.session.commit()
    accounts.delete_user(bob)

    for stream in (by_disabling, by_deleting, by_logout):
        last = stream.wait_closed()[-1]
        check_event(last)
        assert last.data["error"] == "Token has been revoked"
    assert open_stream(server, token=raw).wait_status() == 401
    number = len(demoted.events)
    later = demoted.wait_events(number + 5, "update")[-1]
    assert [download["user_id"] for download in later.data["downloads"]] == [second_admin.id]
    assert not untouched.closed.is_set()


def test_a_promoted_user_sees_everybody(alice: User, bob: User, server: Server, open_stream: OpenStream) -> None:
    for user in (alice, bob):
        add_download(user)
    stream = open_stream(server, alice)
    stream.wait_events(1, "update")
    accounts.set_admin(alice, True)
    deadline = time.monotonic() + 60
    while len(stream.events[-1].data["downloads"]) < 2:
        assert time.monotonic() < deadline
        stream.wait_events(len(stream.events) + 1, "update")
