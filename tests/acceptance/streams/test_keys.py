"""Streams that an API key opens: what they show, and what ends them."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest

from downloads_app.extensions import db
from downloads_app.models import User, utc_now
from downloads_app.services.accounts import keys, users
from downloads_app.services.audit import NOBODY
from tests.acceptance.conftest import check_event
from tests.support.crowd import Crowd
from tests.support.rows import add_download
from tests.support.server import Server
from tests.support.sse import StreamClient

pytestmark = pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True, scope="module")
INTERVAL = 0.4
OpenStream = Callable[..., StreamClient]


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server]) -> Server:
    """The server of this file."""
    return start_server(stream_interval_seconds=INTERVAL)


@pytest.mark.parametrize("end", ["revoke", "disable", "delete"])
def test_a_stream_ends_within_a_tick_of_its_key(alice: User, server: Server, open_stream: OpenStream, end: str) -> None:
    add_download(alice)
    key, raw = keys.create_key(alice.id, "ci", ["read"], by=NOBODY)
    stream = open_stream(server, token=raw)
    stream.wait_events(2, "update")
    ended = time.monotonic()
    if end == "revoke":
        keys.revoke_key(key.id, alice.id, by=NOBODY)
    elif end == "disable":
        users.set_disabled(alice, True)
    else:
        users.delete_user(alice)
    *_, last = stream.wait_closed()
    assert time.monotonic() - ended < INTERVAL + 1 + 5, "a read, a tick, and a busy machine"
    check_event(last)
    assert last.data == {"type": "error", "error": "Token has been revoked"}
    assert open_stream(server, token=raw).wait_status() == 401


def test_an_idle_stream_of_another_key_goes_on(alice: User, server: Server, open_stream: OpenStream) -> None:
    add_download(alice)
    (gone, first), (_, second) = (keys.create_key(alice.id, name, ["read"], by=NOBODY) for name in "ab")
    ended, goes_on = open_stream(server, token=first), open_stream(server, token="hf_dla" + second[4:])
    for stream in (ended, goes_on):
        stream.wait_events(1, "update")
    keys.revoke_key(gone.id, alice.id, by=NOBODY)
    ended.wait_closed()
    seen = len(goes_on.events)
    assert goes_on.wait_events(seen + 3, "update")


def test_an_expired_key_ends_the_stream(alice: User, server: Server, open_stream: OpenStream) -> None:
    add_download(alice)
    _, raw = keys.create_key(alice.id, "ci", ["read"], utc_now() + timedelta(seconds=3), by=NOBODY)
    *updates, last = open_stream(server, token=raw).wait_closed()
    assert {event.name for event in updates if event.name} == {"update"}
    assert last.data == {"type": "error", "error": "Token has expired"}


def test_an_admins_key_shows_its_owners_downloads_also_where_the_role_comes_and_goes(
    admin: User, alice: User, server: Server, open_stream: OpenStream
) -> None:
    mine = add_download(admin).id
    add_download(alice)
    users.set_admin(alice, True)
    _, raw = keys.create_key(admin.id, "ci", ["read"], by=NOBODY)
    with_token, with_key = open_stream(server, admin), open_stream(server, token=raw)
    with_token.wait_events(2, "update")
    with_key.wait_events(2, "update")
    assert {len(event.data["downloads"]) for event in with_token.events if event.data} == {2}
    for is_admin in (False, True):
        users.set_admin(admin, is_admin)
        with_key.wait_events(len(with_key.events) + 4, "update")
    shown = [[row["id"] for row in event.data["downloads"]] for event in with_key.events if event.data]
    assert shown == [[mine]] * len(shown)


def test_a_hundred_streams_by_one_key_each_have_their_right_read_together(
    make_user: Callable[..., User], server: Server
) -> None:
    """Each opening asks the database for its key; the open ones cost no more than a token's."""
    made = [make_user(f"user-{number}") for number in range(20)]
    for user in made:
        add_download(user)
    raw = [keys.create_key(user.id, "ci", ["read"], by=NOBODY)[1] for user in made]
    db.session.rollback()
    with Crowd(("127.0.0.1", server.port)) as crowd:
        viewers = crowd.open(raw * 5)
        crowd.run(lambda: all(viewer.names.count("update") >= 3 for viewer in viewers), what="three updates each")
        assert all(set(viewer.names) <= {"update", "error"} for viewer in viewers)  # a busy machine may read late
