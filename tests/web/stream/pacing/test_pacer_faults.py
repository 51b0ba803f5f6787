"""Nothing that fails or lags behind the pacer takes an event from those it does not concern."""

import random
import socket
import time
from collections.abc import Callable
from typing import Any

import gevent
import gevent.socket
import pytest

from downloads_app.models import User
from downloads_app.services.live import snapshot as snapshots
from downloads_app.web.stream.frames import frame_of
from downloads_app.web.stream.generator import Streams
from downloads_app.web.stream.pacing.senders import Batch, Sender, best_sender
from tests.support.rows import add_download, change
from tests.web.stream.pacing.driving import (
    INTERVAL,
    SENDERS,
    Connection,
    Patient,
    Socket,
    keep_fresh,
    split_events,
    wait_for,
)


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """One kind of database is enough: the tickers do not see it."""
    return sqlite_url


@pytest.mark.parametrize("make_ticker", [Patient, *SENDERS])
def test_a_state_that_is_too_old_is_told_no_more(
    make_ticker: Callable[[], Any], alice: User, make_streams: Callable[..., Streams], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "MAX_AGE_SECONDS", 3 * INTERVAL)
    download = add_download(alice)
    connection = Connection(
        make_streams(make_ticker()), alice, time.monotonic(), True, Socket(random.Random(0), moody=False)
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

    def send(self, batch: Batch[Any, Any]) -> dict[int, int]:
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
    refresher = gevent.spawn(keep_fresh, streams.snapshot)
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
    refresher = gevent.spawn(keep_fresh, streams.snapshot)
    for connection in connections:
        wait_for(lambda reading=connection: b"retry: " in reading.received)  # type: ignore[misc]  # a default has no type
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
    frame = frame_of(connections[1].stream.watch.view)
    for event in split_events(received)[1:-1]:
        assert event == b"%X\r\n%b\r\n" % (len(frame), frame)
