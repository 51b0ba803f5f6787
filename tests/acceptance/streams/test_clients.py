"""Clients as they are: gone, old, many; what they cost is given back, and nobody else notices."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import User
from downloads_app.services.accounts import tokens
from tests.acceptance.conftest import check_event
from tests.support.leaving import WAYS, ask_for_the_head
from tests.support.places import PER_USER, check_all_places_are_free, wait_until_none_is_open
from tests.support.rows import add_download
from tests.support.server import Server
from tests.support.sse import StreamClient

OpenStream = Callable[..., StreamClient]


@pytest.mark.parametrize("way", WAYS)
def test_a_place_comes_back_whichever_way_a_client_goes(
    way: Callable[[Server, str], None], server: Server, viewer: str
) -> None:
    for _ in range(PER_USER + 1):
        way(server, viewer)
        if way is not ask_for_the_head:
            wait_until_none_is_open(server)
    check_all_places_are_free(server, viewer)


def test_a_place_comes_back_after_complete_and_after_204(server: Server, alice: User, open_stream: OpenStream) -> None:
    for _ in range(PER_USER + 1):
        event = open_stream(server, alice).wait_closed()[0]
        assert event.name == "complete"
        wait_until_none_is_open(server)
        again = open_stream(server, alice, headers={"Last-Event-ID": event.event_id})
        assert again.wait_status() == 204
        again.close()
    add_download(alice)
    check_all_places_are_free(server, tokens.issue_access(current_settings(), alice))


def connect_and_go(server: Server, raw: list[str], times: int) -> None:
    """Open and leave so many streams, eight at a time, in every way there is."""
    with ThreadPoolExecutor(8) as pool:
        going = [pool.submit(WAYS[n % len(WAYS)], server, raw[n % len(raw)]) for n in range(times)]
    for gone in going:
        gone.result()


def check_no_drift(server: Server, make_user: Callable[..., User], times: int) -> None:
    users = [make_user(f"viewer-{number}") for number in range(40)]
    for user in users:
        add_download(user)
    raw = [tokens.issue_access(current_settings(), user) for user in users]
    db.session.commit()  # PostgreSQL ends a transaction that stands open for a minute; this takes several
    connect_and_go(server, raw, times)
    for token in raw[::13]:
        check_all_places_are_free(server, token)


def test_500_connects_and_disconnects_leave_no_place_taken(server: Server, make_user: Callable[..., User]) -> None:
    check_no_drift(server, make_user, 500)


@pytest.mark.scale
def test_50000_connects_and_disconnects_leave_no_place_taken(server: Server, make_user: Callable[..., User]) -> None:
    check_no_drift(server, make_user, 50_000)


def test_an_http_1_0_client_gets_plain_events_and_the_end(server: Server, alice: User, open_stream: OpenStream) -> None:
    nothing = open_stream(server, alice, http_version="1.0", headers={"Connection": "keep-alive"})
    assert [event.name for event in nothing.wait_closed()] == ["complete"]
    add_download(alice)
    stream = open_stream(server, alice, http_version="1.0")
    for event in stream.wait_events(4, "update"):
        check_event(event)
    assert "transfer-encoding" not in stream.headers
    assert stream.body.startswith(b"id: ")
