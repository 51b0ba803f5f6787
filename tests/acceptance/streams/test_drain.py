"""How streams end when the server stops, reloads or replaces a worker: by themselves, spread, told to come back."""

import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
import requests

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.accounts import tokens
from tests.support.crowd import Crowd, Viewer
from tests.support.rows import add_download
from tests.support.server import Server, wait_until

INTERVAL = 0.5
DRAIN = 4
MakeServer = Callable[..., Server]


def seed(make_user: Callable[..., User], users: int) -> list[str]:
    """Return the tokens of so many users, each with two active downloads."""
    made = [make_user(f"viewer-{number}") for number in range(users)]
    for user in made:
        for _ in range(2):
            add_download(user)
    return [tokens.issue_access(current_settings(), user) for user in made]


def check_ends(viewers: list[Viewer], began: float, drain_seconds: float) -> None:
    """Assert that all ended by themselves inside the window, spread, told when to come back, and not `complete`."""
    for viewer in viewers:
        assert viewer.status == 200
        assert set(viewer.names) == {"update"}
        last = viewer.seen[-1]
        assert last.name == ""
        assert last.retry_seconds
    assert len({viewer.seen[-1].retry_seconds for viewer in viewers}) > len(viewers) / 10, "all come back at once"
    ends = sorted(viewer.closed or 0 for viewer in viewers)
    assert ends[-1] - began < drain_seconds + 1, "later than the drain window"
    check_spread(viewers, drain_seconds)


def check_spread(viewers: list[Viewer], drain_seconds: float) -> None:
    """Assert that the viewers' streams ended one after the other."""
    ends = sorted(viewer.closed or 0 for viewer in viewers)
    assert ends[-1] - ends[0] < drain_seconds
    middle = ends[len(ends) * 9 // 10] - ends[len(ends) // 10]
    assert middle > drain_seconds * 0.35, f"80 % left within {middle:.2f} s"
    assert max(later - earlier for earlier, later in pairwise(ends)) < drain_seconds * 0.35


def check_log(server: Server) -> None:
    log = server.log()
    for word in ("graceful timeout", "SIGKILL", "SIGABRT", "WORKER TIMEOUT", "Traceback"):
        assert word not in log, log[-3000:]


def all_closed(viewers: list[Viewer]) -> Callable[[], bool]:
    return lambda: all(viewer.closed for viewer in viewers)


def drain_by_term(server: Server, raw: list[str], streams_per_user: int, drain_seconds: float) -> None:
    with Crowd(("127.0.0.1", server.port)) as crowd:
        viewers = crowd.open(raw * streams_per_user)
        crowd.run(lambda: all(len(viewer.names) >= 2 for viewer in viewers), 120, "two events each")
        began = time.monotonic()
        server.send(signal.SIGTERM)
        crowd.run(all_closed(viewers), 30 + drain_seconds, "all to end")
        check_ends(viewers, began, drain_seconds)
    assert server.process is not None
    assert server.process.wait(30) == 0
    check_log(server)


def test_on_term_all_streams_leave_within_the_window(make_user: Callable[..., User], make_server: MakeServer) -> None:
    raw = seed(make_user, 10)
    server = make_server(workers=2, stream_interval_seconds=INTERVAL, stream_drain_seconds=DRAIN)
    drain_by_term(server, raw, 20, DRAIN)


@pytest.mark.scale
def test_on_term_5000_streams_leave_within_the_window(make_user: Callable[..., User], make_server: MakeServer) -> None:
    raw = seed(make_user, 250)
    server = make_server(workers=2)
    drain_by_term(server, raw, 20, 5)


def test_a_reader_that_has_stopped_does_not_hold_up_the_drain(
    make_user: Callable[..., User], make_server: MakeServer
) -> None:
    (raw,) = seed(make_user, 1)
    whale = make_user("whale")
    for _ in range(100):
        add_download(whale, current_file="x" * 1000)
    by_itself = ("--graceful-timeout", "600")  # so that nobody but we ends the streams
    server = make_server(workers=1, arguments=by_itself, stream_interval_seconds=0.1, stream_drain_seconds=2)
    with Crowd(("127.0.0.1", server.port)) as crowd:
        crowd.open([tokens.issue_access(current_settings(), whale)] * 5, is_reading=False, receive_buffer=4096)
        (viewer,) = crowd.open([raw])
        crowd.run(lambda: len(viewer.names) >= 10)  # by now the others' buffers are full
        server.send(signal.SIGTERM)
        crowd.run(all_closed([viewer]))
        assert server.process is not None
        assert server.process.wait(60) == 0
    check_log(server)


def longest_gap(lives: list[Viewer]) -> float:
    """Return the longest time without an event over a client's successive streams."""
    times = [seen.arrived for viewer in lives for seen in viewer.seen if seen.name]
    return max(later - earlier for earlier, later in pairwise(times))


def follow_over(
    server: Server, raw: list[str], trigger: Callable[[], Any], streams_per_user: int
) -> list[list[Viewer]]:
    """Open streams, pull the trigger, reconnect as told, and return each client's streams once all saw events again."""
    with Crowd(("127.0.0.1", server.port)) as crowd:
        clients = [[viewer] for viewer in crowd.open(raw * streams_per_user)]
        crowd.run(lambda: all(lives[0].names for lives in clients), 120, "first events")

        def reconnect() -> bool:
            for lives in clients:
                last = lives[-1]
                if last.closed and time.monotonic() >= last.closed + (last.seen[-1].retry_seconds or 0):
                    lives += crowd.open([last.token])
            return all(len(lives) > 1 and len(lives[-1].names) >= 2 and not lives[-1].closed for lives in clients)

        with ThreadPoolExecutor(1) as pool:  # the crowd reads on meanwhile
            triggered = pool.submit(trigger)
            crowd.run(reconnect, 60, "everybody's return")
            triggered.result()
        return clients


def check_reload(server: Server, clients: list[list[Viewer]], interval: float) -> None:
    for lives in clients:
        assert len(lives) == 2, [viewer.seen[-1] for viewer in lives]
        assert all(set(viewer.names) == {"update"} for viewer in lives)
        assert lives[0].seen[-1].retry_seconds
    # One tick may be missed: two intervals from event to event, and the machine's own delay.
    assert max(longest_gap(lives) for lives in clients) < 2 * interval + 1
    check_spread([lives[0] for lives in clients], 5)
    check_log(server)


def test_after_a_reload_a_client_that_comes_back_has_missed_one_tick_at_most(
    make_user: Callable[..., User], make_server: MakeServer
) -> None:
    raw = seed(make_user, 10)
    server = make_server(workers=2)
    clients = follow_over(server, raw, lambda: server.send(signal.SIGHUP), 10)
    check_reload(server, clients, 2)


@pytest.mark.scale
def test_after_a_reload_5000_clients_come_back(make_user: Callable[..., User], make_server: MakeServer) -> None:
    raw = seed(make_user, 250)
    server = make_server(workers=2)
    clients = follow_over(server, raw, lambda: server.send(signal.SIGHUP), 20)
    check_reload(server, clients, 2)


def test_a_worker_that_has_served_its_requests_lets_its_streams_leave(
    make_user: Callable[..., User], make_server: MakeServer
) -> None:
    raw = seed(make_user, 4)
    server = make_server(
        workers=1, arguments=("--max-requests", "60"), stream_interval_seconds=INTERVAL, stream_drain_seconds=DRAIN
    )

    def request_until_replaced() -> None:
        for _ in range(60):
            requests.get(f"{server.url}/healthz", timeout=30)

    clients = follow_over(server, raw, request_until_replaced, 5)
    for lives in clients:
        assert all(set(viewer.names) == {"update"} for viewer in lives)
        assert lives[0].seen[-1].retry_seconds
    check_spread([lives[0] for lives in clients], DRAIN)
    wait_until(lambda: "Autorestarting worker" in server.log())
    check_log(server)
