"""Many sign-ins at once beside streams: hashing passwords is the dearest thing that a stranger can ask for."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest
import requests

from downloads_app.config import current_settings
from downloads_app.models import User
from downloads_app.services.accounts import passwords, tokens
from tests.conftest import PASSWORD, bearer
from tests.support.rows import add_download
from tests.support.server import Server
from tests.support.sse import StreamClient
from tests.support.turns import PATH, watched_project

pytestmark = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
ATTEMPTS = 100
AT_ONCE = 25
"""More than may wait."""
STORMS = 3
"""At most: on a full machine any turn takes more CPU time. A hash on the loop would show in each storm."""
MOST_OF_A_HASH = 0.6
INTERVAL = 0.3
PER_SECOND = 50
STREAMS = 8


def hash_seconds(stored: str) -> float:
    """Return the CPU time of one comparison on this machine."""
    began = time.thread_time()
    for _ in range(5):
        passwords.matches(stored, PASSWORD)
    return (time.thread_time() - began) / 5


def test_a_storm_of_sign_ins_holds_no_stream_up(
    make_server: Callable[..., Server], alice: User, password_hash: str, tmp_path: Path
) -> None:
    """No turn of the loop takes as long as a hash: they are made in a thread, and most are turned away."""
    add_download(alice)
    server = make_server(project=watched_project(tmp_path / "watched"), stream_interval_seconds=INTERVAL)
    stream = StreamClient(server.port, token=tokens.issue_access(current_settings(), alice))
    stream.wait_events(2, "update")

    def attempt(_: object) -> int:
        body = {"username": "alice", "password": PASSWORD}
        return requests.post(f"{server.url}/api/auth/login", json=body, timeout=60).status_code

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(attempt, range(AT_ONCE)))  # what is loaded and compiled at first use
        requests.get(server.url + PATH, timeout=60)
        seen = len(stream.events)
        statuses: Counter[int] = Counter()
        shares = []
        for _ in range(STORMS):
            statuses += Counter(pool.map(attempt, range(ATTEMPTS)))
            longest = requests.get(server.url + PATH, timeout=60).json()
            shares.append(longest / hash_seconds(password_hash))
            if shares[-1] < MOST_OF_A_HASH:
                break
    stream.wait_events(seen + 2)
    stream.close()
    figures = f"longest turns, in hashes: {shares}; {dict(statuses)}"
    print(figures)
    assert set(statuses) <= {200, 503}, figures
    assert statuses[200] > 0, figures
    assert min(shares) < MOST_OF_A_HASH, figures


def test_at_fifty_sign_ins_a_second_ticks_come_between_them(
    make_server: Callable[..., Server], alice: User, tmp_path: Path
) -> None:
    """A tick is due every fifteen attempts. Ticks that waited for sign-ins would come after far more answers.

    The order tells it on a machine of any speed; `make bench-api` measures the gaps in seconds.
    """
    add_download(alice)
    server = make_server(stream_interval_seconds=INTERVAL)
    streams = [StreamClient(server.port, token=bearer(alice)["Authorization"][7:]) for _ in range(STREAMS)]
    for stream in streams:
        stream.wait_events(1, "update")
    began = time.monotonic()
    answered: list[float] = []

    def attempt(number: int) -> int:
        time.sleep(max(0.0, began + number / PER_SECOND - time.monotonic()))
        body = {"username": "alice", "password": PASSWORD}
        status = requests.post(f"{server.url}/api/auth/login", json=body, timeout=60).status_code
        answered.append(time.monotonic())
        return status

    with ThreadPoolExecutor(2 * AT_ONCE) as pool:
        statuses = Counter(pool.map(attempt, range(3 * PER_SECOND)))
    ended = time.monotonic()
    for stream in streams:
        stream.wait_events(len(stream.events) + 1)
        stream.close()
        ticks = [began, *(event.arrived for event in stream.events if began < event.arrived < ended), ended]
        between = max(_count_within(answered, *pair) for pair in pairwise(ticks))
        assert between < PER_SECOND, f"{between} answers between two ticks: {dict(statuses)}"
    assert set(statuses) <= {200, 503}
    assert statuses[200] > 0


def _count_within(times: list[float], first: float, last: float) -> int:
    return sum(first <= one < last for one in times)
