"""The pacer puts the same bytes on the wire as the plain generator, whatever the kernel takes of them."""

import random
import re
import statistics
import time
from collections.abc import Callable
from itertools import dropwhile, pairwise
from typing import Any

import gevent
import pytest
from prometheus_client import REGISTRY

from downloads_app.models import User
from downloads_app.services.live.snapshot import Snapshot
from downloads_app.services.live.view import View
from downloads_app.web.stream import admission, generator, metrics
from downloads_app.web.stream.generator import Streams
from downloads_app.web.stream.pacing.pacer import SLOTS
from downloads_app.web.stream.pacing.senders import Sender
from tests.support.rows import add_download, change
from tests.web.stream.pacing.driving import (
    SENDERS,
    Connection,
    Counting,
    Patient,
    Socket,
    keep_fresh,
    split_events,
    wait_for,
)

CHANGES = 10
BEAT = 0.3


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One kind of database is enough: the tickers do not see it."""
    return sqlite_url


@pytest.mark.parametrize("chunked", [True, False], ids=["HTTP/1.1", "HTTP/1.0"])
@pytest.mark.parametrize("mood", ["whole sends", "short sends", "full buffers"])
@pytest.mark.parametrize("make_sender", SENDERS)
@pytest.mark.parametrize("seed", range(2))
def test_both_tickers_put_the_same_bytes_on_the_wire(
    seed: int,
    make_sender: Callable[[], Sender],
    mood: str,
    chunked: bool,
    alice: User,
    make_streams: Callable[..., Streams],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(generator, "jittered", lambda bounds: bounds[0])
    monkeypatch.setattr(admission, "jittered", lambda bounds: bounds[0])
    monkeypatch.setattr(time, "time_ns", lambda: 1)
    chance = random.Random(seed)
    downloads = [add_download(alice, current_file="x" * chance.randrange(4000)) for _ in range(chance.randrange(1, 20))]
    began = time.monotonic()
    moody, buffer_bytes, bites = mood == "short sends", None, None
    if mood == "full buffers":  # a frame does not fit, and its reader takes a byte now and then
        buffer_bytes, bites = 4096, lambda: chance.choice((1, 7, 4096))
    connections = [
        Connection(make_streams(ticker), alice, began, chunked, Socket(chance, moody, buffer_bytes), bites)
        for ticker in (Patient(), Counting(make_sender(), chance, moody))
    ]
    snapshot = connections[0].stream.streams.snapshot

    for number in range(CHANGES):
        _let_all_tell(connections, snapshot)
        change(chance.choice(downloads), current_bytes=number, current_file="y" * chance.randrange(4000))
        snapshot.refresh()
    _let_all_tell(connections, snapshot)
    for download in downloads:
        change(download, status="completed")
    refresher = gevent.spawn(keep_fresh, snapshot)
    gevent.joinall([connection.server for connection in connections], timeout=30)
    gevent.joinall([connection.reader for connection in connections], timeout=30)
    refresher.kill()
    plain, paced = (_states(connection.received) for connection in connections)
    assert len(plain) == CHANGES + 3  # the first event alone tells when to come back; the last piece ends the body
    assert b"event: complete" in plain[-2]
    assert plain == paced


def _let_all_tell(connections: list[Connection], snapshot: Snapshot) -> None:
    """Have all begin two events, so that none misses a state: the first may be of the one before."""
    begun = [connection.sock.frames for connection in connections]
    wait_for(lambda: all(c.sock.frames > n + 1 for c, n in zip(connections, begun, strict=True)), snapshot)


@pytest.mark.parametrize("work_seconds", [0, 0.3 * BEAT])
@pytest.mark.parametrize("make_ticker", [Patient, *SENDERS])
def test_events_keep_the_beat_whatever_the_work_takes_and_none_is_early(
    make_ticker: Callable[[], Any],
    work_seconds: float,
    alice: User,
    make_streams: Callable[..., Streams],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look = generator.Stream._look

    def look_slowly(self: generator.Stream, tick: float) -> tuple[bytes, bool, str | None]:
        gevent.sleep(work_seconds)
        return look(self, tick)

    monkeypatch.setattr(generator.Stream, "_look", look_slowly)
    add_download(alice)
    streams = make_streams(make_ticker(), stream_interval_seconds=BEAT)
    refresher = gevent.spawn(keep_fresh, streams.snapshot)
    connections = []
    for _ in range(8):  # at any time between two turns of the wheel
        began = time.monotonic()
        connections.append((began, Connection(streams, alice, began, True, Socket(random.Random(0), moody=False))))
        gevent.sleep(BEAT / SLOTS / 5)
    try:
        wait_for(lambda: all(_keeps_the_beat(connection.arrived) for _, connection in connections))
    finally:
        refresher.kill()
        for _, connection in connections:
            connection.server.kill()
            connection.reader.join(timeout=30)
    for began, connection in connections:
        lateness = [arrived - began - number * BEAT for number, arrived in enumerate(connection.arrived)]
        assert min(lateness) > -2 * BEAT / SLOTS, lateness


def _keeps_the_beat(arrived: list[float]) -> bool:
    """Whether the last gaps are an interval, and not the interval plus the work; a few may be a busy machine's."""
    gaps = [after - before for before, after in pairwise(arrived)][-7:]
    return len(gaps) == 7 and statistics.median(gaps) < 1.15 * BEAT


@pytest.mark.parametrize("chunked", [True, False], ids=["HTTP/1.1", "HTTP/1.0"])
@pytest.mark.parametrize("make_ticker", [Patient, *SENDERS])
def test_what_is_counted_is_what_goes_over_the_connection(
    make_ticker: Callable[[], Any], chunked: bool, alice: User, make_streams: Callable[..., Streams]
) -> None:
    download = add_download(alice)
    ticker = make_ticker()
    chance = random.Random(0)
    ticker = ticker if isinstance(ticker, Patient) else Counting(ticker, chance, moody=True)
    before = _counted()
    connection = Connection(make_streams(ticker), alice, time.monotonic(), chunked, Socket(chance, True))
    snapshot = connection.stream.streams.snapshot
    wait_for(lambda: connection.received.count(b"event: update") >= CHANGES, snapshot)
    change(download, status="completed")
    wait_for(lambda: connection.server.dead, snapshot)
    connection.reader.join(timeout=30)
    body = connection.received.removesuffix(b"0\r\n\r\n")
    events, sent_bytes = (after - first for after, first in zip(_counted(), before, strict=True))
    assert (events, sent_bytes) == (body.count(b"event: "), len(body))


def _counted() -> tuple[float, float]:
    metrics.render()
    values = [REGISTRY.get_sample_value(f"downloads_stream_{name}_total") for name in ("events", "bytes")]
    return values[0] or 0.0, values[1] or 0.0


def test_a_generator_looks_at_a_view_while_nothing_changes_it(
    alice: User, make_streams: Callable[..., Streams], monkeypatch: pytest.MonkeyPatch
) -> None:
    add_download(alice)
    streams = make_streams(Patient())
    encoded = View.encoded
    held: list[bool] = []

    def note(view: View) -> list[bytes]:
        held.append(streams.snapshot.lock._is_owned())  # type: ignore[attr-defined]  # private, and only it tells
        return encoded(view)

    monkeypatch.setattr(View, "encoded", note)
    connection = Connection(streams, alice, time.monotonic(), True, Socket(random.Random(0), moody=False))
    wait_for(lambda: b"event: update" in connection.received)
    connection.server.kill()
    connection.reader.join(timeout=30)
    assert held
    assert all(held)


def _states(received: bytes) -> list[bytes]:
    """The events without repetitions of the one before: how often a state is told is a matter of time.

    The first event's repetition lacks its `retry:`; it is known by its id.
    """
    first, *events = split_events(received)
    first_id = re.search(rb"id: [^\n]+\n", first)
    assert first_id is not None
    events = list(dropwhile(lambda event: first_id[0] in event, events))
    return [first, *(event for event, before in zip(events, [b"", *events], strict=False) if event != before)]
