"""Who gets a stream, how many, and for how long: cookies, limits, and rights that change while it runs."""

import time
from collections.abc import Callable

import pytest
import requests

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import User
from downloads_app.services.accounts import sign_ins, tokens, users
from tests.acceptance.conftest import check_event
from tests.support.crowd import Crowd
from tests.support.rows import add_download
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


def test_head_answers_the_headers_and_holds_nothing(alice: User, make_server: MakeServer) -> None:
    add_download(alice)
    server = make_server(stream_max_per_user=1)
    headers = {"Authorization": f"Bearer {tokens.issue_access(current_settings(), alice)}"}
    for _ in range(5):
        answer = requests.head(f"{server.url}/api/downloads/subscribe", headers=headers, timeout=10)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")


def test_the_cookie_opens_a_stream_and_a_bad_header_beside_it_does_not(
    alice: User, server: Server, open_stream: OpenStream
) -> None:
    add_download(alice)
    cookie = {"Cookie": f"access_token_cookie={tokens.issue_access(current_settings(), alice)}"}
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
    headers = {"Authorization": f"Bearer {tokens.issue_access(current_settings(), alice)}"}
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
    assert refused.headers["connection"] == "close"
    events = refused.wait_closed()
    assert [event.name for event in events if event.data] == []
    assert any(event.comments for event in events)
    raw = tokens.issue_access(current_settings(), bob)
    with Crowd(("127.0.0.1", server.port)) as crowd:  # more than the process has connections
        crowd.open([raw] * 400)
        crowd.run(lambda: all(viewer.closed for viewer in crowd.viewers), what="the server to close")
        assert requests.get(f"{server.url}/healthz", timeout=15).ok
        me = requests.get(f"{server.url}/api/auth/me", headers={"Authorization": f"Bearer {raw}"}, timeout=15)
        assert me.json()["id"] == bob.id
    retries = [viewer.seen[0].retry_seconds or 0 for viewer in crowd.viewers]
    assert all(5 <= seconds <= 15 for seconds in retries)
    assert len(set(retries)) > 100


def test_an_expired_token_ends_the_stream(alice: User, server: Server, open_stream: OpenStream) -> None:
    add_download(alice)
    stream = open_stream(server, token=tokens.issue_access(current_settings(), alice, expires_seconds=2))
    *updates, last = stream.wait_closed()
    check_event(last)
    assert last.data["error"] == "Token has expired"
    assert len(updates) <= 2 / INTERVAL + 2  # one at once, and those of the ticks before the end
    assert last.arrived - stream.opened < 2 + 3 * INTERVAL + 1


def test_rights_taken_away_take_effect_on_open_streams(
    alice: User, bob: User, admin: User, make_user: Callable[..., User], server: Server, open_stream: OpenStream
) -> None:
    carol, second_admin = make_user("carol"), make_user("second-admin", is_admin=True)
    for user in (alice, bob, carol, second_admin):
        add_download(user)
    raw = tokens.issue_access(current_settings(), carol)
    by_disabling, by_deleting = open_stream(server, alice), open_stream(server, bob)
    by_logout, untouched = open_stream(server, token=raw), open_stream(server, carol)
    pair = sign_ins.begin(current_settings(), carol.id, carol.password_hash)
    by_session = open_stream(server, token=pair.access)
    demoted = open_stream(server, second_admin)
    for stream in (by_disabling, by_deleting, by_logout, by_session, untouched):
        stream.wait_events(1, "update")
    assert len(demoted.wait_events(1, "update")[0].data["downloads"]) == 4

    headers = {"Authorization": f"Bearer {raw}"}
    assert requests.post(f"{server.url}/api/auth/logout", headers=headers, timeout=10).status_code == 204
    session = f"{server.url}/api/auth/sessions/{tokens.verify(current_settings(), pair.access).family}"
    others = {"Authorization": f"Bearer {tokens.issue_access(current_settings(), carol)}"}
    assert requests.delete(session, headers=others, timeout=10).status_code == 204
    users.set_admin(second_admin, False)
    db.session.execute(db.update(User).where(User.id == alice.id).values(is_disabled=True))
    db.session.commit()
    users.delete_user(bob)

    for stream in (by_disabling, by_deleting, by_logout, by_session):
        last = stream.wait_closed()[-1]
        check_event(last)
        assert last.data["error"] == "Token has been revoked"
    assert open_stream(server, token=raw).wait_status() == 401
    number = len(demoted.events)
    later = demoted.wait_events(number + 5, "update")[-1]
    assert [download["user_id"] for download in later.data["downloads"]] == [second_admin.id]
    assert not untouched.closed.is_set()


@pytest.mark.parametrize(("cause", "interval"), [("sign-out", 12), ("new password", 40)], ids=["pacer", "plain ticker"])
def test_a_stream_ends_with_its_right_and_not_a_tick_after_the_next_read(
    cause: str, interval: int, alice: User, password_hash: str, make_server: MakeServer, open_stream: OpenStream
) -> None:
    add_download(alice)
    server = make_server(stream_interval_seconds=interval)
    raw = tokens.issue_access(current_settings(), alice)
    stream = open_stream(server, token=raw)
    stream.wait_events(1, "update")
    if cause == "sign-out":
        requests.post(f"{server.url}/api/auth/logout", headers={"Authorization": f"Bearer {raw}"}, timeout=10)
    else:
        users.set_password_hash(alice.id, password_hash)
    last = stream.wait_closed(seconds=interval / 2)[-1]
    check_event(last)
    assert last.data["error"] == "Token has been revoked"


def test_a_promoted_user_sees_everybody(alice: User, bob: User, server: Server, open_stream: OpenStream) -> None:
    for user in (alice, bob):
        add_download(user)
    stream = open_stream(server, alice)
    stream.wait_events(1, "update")
    users.set_admin(alice, True)
    deadline = time.monotonic() + 60
    while len(stream.events[-1].data["downloads"]) < 2:
        assert time.monotonic() < deadline
        stream.wait_events(len(stream.events) + 1, "update")
