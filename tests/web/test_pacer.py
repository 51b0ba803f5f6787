"""The pacer puts the same bytes on the wire as the plain generator, whatever the kernel takes of them."""

import random
import re
import socket
import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import gevent.event
import gevent.socket
import pytest
from flask import Flask
from prometheus_client import REGISTRY

from downloads_app.config import load_settings
from downloads_app.models import User
from downloads_app.services import snapshot as snapshots
from downloads_app.services.snapshot import Snapshot
from downloads_app.services.view import View
from downloads_app.web import metrics, roster, sse, stream
from downloads_app.web.pacer import Pacer
from downloads_app.web.sending import Batch, OneByOne, Sender, best_sender
from downloads_app.web.stream import Streams
from downloads_app.web.wire import frame_of
from tests.support.rows import add_download, change
from tests.support.snapshots import make_engine
from tests.web.pacing import Connection, Counting, Patient, ReadsAtOnce, Socket

INTERVAL = 0.1
SENDERS = list({OneByOne: OneByOne, type(best_sender()): best_sender}.values())
"""Sending one by one, and together where this kernel can."""
CHANGES = 10


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One kind of database is enough: the lanes do not see it."""
    return sqlite_url


@pytest.fixture
def make_streams(app: Flask) -> Iterator[Callable[..., Streams]]:
    """Streams on one snapshot, over either lane."""
    shared = ReadsAtOnce(lambda: make_engine(app), sse.encode_download, start=lambda target: None)

    def make(lane: Any, **settings: Any) -> Streams:
        streams = Streams(load_settings(stream_interval_seconds=INTERVAL, **settings))
        streams.snapshot = shared
        if isinstance(lane, Sender):
            lane = Pacer(shared, lane, INTERVAL, streams.settings.stream_send_timeout_seconds)
        streams.lane = lane
        return streams

    yield make
    shared._close()


def wait_for(condition: Callable[[], bool], snapshot: Snapshot | None = None) -> None:
    """Wait until the condition holds, keeping the snapshot fresh."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        if snapshot is not None:
            snapshot.refresh()
        gevent.sleep(0.005)


@pytest.mark.parametrize("chunked", [True, False], ids=["HTTP/1.1", "HTTP/1.0"])
@pytest.mark.parametrize("moody", [False, True], ids=["whole sends", "short sends"])
@pytest.mark.parametrize("make_sender", SENDERS)
@pytest.mark.parametrize("seed", range(2))
def test_both_lanes_put_the_same_bytes_on_the_wire(
    seed: int,
    make_sender: Callable[[], Sender],
    moody: bool,
    chunked: bool,
    alice: User,
    make_streams: Callable[..., Streams],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(stream, "jittered", lambda bounds: bounds[0])
    monkeypatch.setattr(roster, "jittered", lambda bounds: bounds[0])
    monkeypatch.setattr(sse.time, "time_ns", lambda: 1)
    chance = random.Random(seed)
    downloads = [add_download(alice, current_file="x" * chance.randrange(4000)) for _ in range(chance.randrange(1, 20))]
    began = time.monotonic()
    connections = [
        Connection(make_streams(lane), alice, began, chunked, Socket(chance, moody))
        for lane in (Patient(), Counting(make_sender(), chance, moody))
    ]
    snapshot = connections[0].stream.streams.snapshot

    def let_both_tell() -> None:
        """Have both begin an event, so that neither misses a state, however late it is."""
        begun = [connection.sock.frames for connection in connections]
        wait_for(lambda: all(c.sock.frames > n for c, n in zip(connections, begun, strict=True)), snapshot)

    for number in range(CHANGES):
        let_both_tell()
        change(chance.choice(downloads), current_bytes=number, current_file="y" * chance.randrange(4000))
        snapshot.refresh()
    let_both_tell()
    for download in downloads:
        change(download, status="completed")
    refresher = gevent.spawn(_keep_fresh, snapshot)
    gevent.joinall([connection.server for connection in connections], timeout=30)
    gevent.joinall([connection.reader for connection in connections], timeout=30)
    refresher.kill()
    plain, paced = (_states(connection.received) for connection in connections)
    assert len(plain) == CHANGES + 3  # the first event alone tells when to come back; the last piece ends the body
    assert b"event: complete" in plain[-2]
    assert plain == paced


@pytest.mark.parametrize("chunked", [True, False], ids=["HTTP/1.1", "HTTP/1.0"])
@pytest.mark.parametrize("make_lane", [Patient, *SENDERS])
def test_what_is_counted_is_what_goes_over_the_connection(
    make_lane: Callable[[], Any], chunked: bool, alice: User, make_streams: Callable[..., Streams]
) -> None:
    download = add_download(alice)
    lane = make_lane()
    chance = random.Random(0)
    lane = lane if isinstance(lane, Patient) else Counting(lane, chance, moody=True)
    before = _counted()
    connection = Connection(make_streams(lane), alice, time.monotonic(), chunked, Socket(chance, True))
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


@pytest.mark.parametrize("make_lane", [Patient, *SENDERS])
def test_a_state_that_is_too_old_is_told_no_more(
    make_lane: Callable[[], Any], alice: User, make_streams: Callable[..., Streams], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "MAX_AGE_SECONDS", 3 * INTERVAL)
    download = add_download(alice)
    connection = Connection(
        make_streams(make_lane()), alice, time.monotonic(), True, Socket(random.Random(0), moody=False)
    )
    snapshot = connection.stream.streams.snapshot
    wait_for(lambda: connection.received.count(b"event: update") > 2, snapshot)
    with monkeypatch.context() as hanging:
        hanging.setattr(snapshot, "refresh", lambda: None)
        wait_for(lambda: b"event: error" in connection.received)
        told = connection.received.count(b"event: update")
        wait_for(lambda: connection.received.count(b"event: error") > 1)
        assert connection.received.count(b"event: update") == told
    change(download, status="completed")
    wait_for(lambda: connection.server.dead, snapshot)
    connection.reader.join(timeout=30)
    assert b"event: complete" in connection.received


class Broken:
    """A sender that fails once, when it has sent."""

    def __init__(self, sender: Sender) -> None:
        self._sender = sender
        self.is_to_fail = False

    def send(self, batch: Batch[Any]) -> dict[int, int]:
        missed = self._sender.send(batch)
        if self.is_to_fail and len(batch):
            self.is_to_fail = False
            raise MemoryError
        return missed


def test_a_turn_that_fails_closes_its_connections_and_no_others(
    alice: User, make_streams: Callable[..., Streams], caplog: pytest.LogCaptureFixture
) -> None:
    add_download(alice)
    sender = Broken(best_sender())
    streams = make_streams(sender)
    chance = random.Random(0)

    def connect(began: float) -> Connection:
        return Connection(streams, alice, began, True, Socket(chance, moody=False))

    began = time.monotonic()
    unlucky, other = connect(began), connect(began + INTERVAL / 2)
    refresher = gevent.spawn(_keep_fresh, streams.snapshot)
    wait_for(lambda: all(connection.received.count(b"event: update") > 1 for connection in (unlucky, other)))
    sender.is_to_fail = True
    wait_for(lambda: unlucky.server.dead or other.server.dead)
    (left,) = [connection for connection in (unlucky, other) if not connection.server.dead]
    late = connect(time.monotonic())
    told = left.received.count(b"event: update")
    wait_for(lambda: left.received.count(b"event: update") > told + 2 and late.received.count(b"event: update") > 2)
    assert "this turn's connections are closed" in caplog.text
    refresher.kill()
    for connection in (left, late):
        connection.server.kill()
        connection.reader.join(timeout=30)


def test_a_generator_looks_at_a_view_while_nothing_changes_it(
    alice: User, make_streams: Callable[..., Streams], monkeypatch: pytest.MonkeyPatch
) -> None:
    add_download(alice)
    streams = make_streams(Patient())
    encoded = View.encoded
    held: list[bool] = []

    def note(view: View) -> list[bytes]:
        held.append(streams.snapshot.lock._is_owned())  # type: ignore[attr-defined]
        return encoded(view)

    monkeypatch.setattr(View, "encoded", note)
    connection = Connection(streams, alice, time.monotonic(), True, Socket(random.Random(0), moody=False))
    wait_for(lambda: b"event: update" in connection.received)
    connection.server.kill()
    connection.reader.join(timeout=30)
    assert held
    assert all(held)


def _keep_fresh(snapshot: Snapshot) -> None:
    while True:
        snapshot.refresh()
        gevent.sleep(0.02)


def _events(received: bytes) -> list[bytes]:
    """Split where an event ends; the bytes, framing included, stay as they came."""
    return re.split(rb"(?<=\n\n\r\n)" if received[:2] != b"id" else rb"(?<=\n\n)", received)


def _states(received: bytes) -> list[bytes]:
    """The events without repetitions of the one before: how often a state is told is a matter of time."""
    first, *events = _events(received)
    return [first, *(event for event, before in zip(events, [b"", *events], strict=False) if event != before)]


@pytest.mark.parametrize("make_sender", SENDERS)
def test_a_client_that_does_not_read_is_dropped_and_one_that_reads_slowly_gets_whole_events(
    make_sender: Callable[[], Sender], alice: User, make_streams: Callable[..., Streams]
) -> None:
    for _ in range(20):
        add_download(alice, current_file="z" * 4000)
    streams = make_streams(make_sender(), stream_send_timeout_seconds=1)
    chance = random.Random(0)
    deaf, slow = Socket(chance, False), Socket(chance, False)
    connections = [Connection(streams, alice, time.monotonic(), True, sock) for sock in (deaf, slow)]
    refresher = gevent.spawn(_keep_fresh, streams.snapshot)
    for connection in connections:
        wait_for(lambda reading=connection: b"retry: " in reading.received)  # type: ignore[misc]
        connection.stop_reading()
        connection.sock._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    received = b""
    deadline = time.monotonic() + 30
    try:
        while not connections[0].server.dead or received.count(b"event: update") < 3:
            assert time.monotonic() < deadline
            gevent.socket.wait_read(slow.client.fileno(), timeout=30)
            received += slow.client.recv(3000)
        assert connections[0].stream.end_reason == "slow client"
        assert not connections[1].server.dead
    finally:
        refresher.kill()
        for connection in connections:
            connection.server.kill()
            connection.sock.client.close()
    frame = frame_of(connections[1].stream.watch.view).frame
    for event in _events(received)[1:-1]:
        assert event == b"%X\r\n%b\r\n" % (len(frame), frame)
