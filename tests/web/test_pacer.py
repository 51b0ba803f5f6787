"""The pacer puts the same bytes on the wire as the plain generator, whatever the kernel takes of them."""

import random
import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import gevent
import gevent.event
import gevent.socket
import pytest
from flask import Flask

from downloads_app.config import load_settings
from downloads_app.models import User
from downloads_app.services.snapshot import Snapshot
from downloads_app.services.viewers import Watch
from downloads_app.web import roster, sse, stream
from downloads_app.web.lane import PlainLane
from downloads_app.web.pacer import ClientGoneError, Pacer
from downloads_app.web.sending import OneByOne, Receiver, Sender, best_sender
from downloads_app.web.stream import Stream, Streams
from downloads_app.web.wire import Packet, frame_of
from tests.support.rows import add_download, change
from tests.support.snapshots import claims_of, make_engine

INTERVAL = 0.1
SENDERS = list({OneByOne: OneByOne, type(best_sender()): best_sender}.values())
"""Sending one by one, and together where this kernel can."""
CHANGES = 10


class Socket:
    """A connection whose kernel takes as much of each send as chance has it, or nothing."""

    def __init__(self, chance: random.Random, moody: bool) -> None:
        self._ours, self.client = gevent.socket.socketpair()
        self._sock = self._ours._sock
        self._chance = chance
        self._moody = moody
        self.frames = 0

    def fileno(self) -> int:
        return self._sock.fileno()

    def send(self, data: bytes | memoryview) -> int:
        if self._moody and self._chance.random() < 0.3:
            data = data[: self._chance.randrange(1, len(data) + 1)]
        sent = self._sock.send(data)
        if b"\nevent: " in bytes(data[:60]):
            self.frames += 1
        return sent

    def sendall(self, data: bytes) -> None:
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[self.send(rest) :]
            except BlockingIOError:
                gevent.socket.wait_write(self.fileno())

    def shutdown(self, how: int) -> None:
        self._sock.shutdown(how)

    def close(self) -> None:
        self._ours.close()
        self._sock.close()


class Counting:
    """The sender under test; it notes on the test's sockets which frames it began."""

    sockets: ClassVar[dict[int, Socket]] = {}

    def __init__(self, sender: Sender, chance: random.Random, moody: bool) -> None:
        self._sender = sender
        self._chance = chance
        self._moody = moody

    def send(self, receivers: Sequence[Receiver], packets: Sequence[Packet]) -> list[int]:
        if isinstance(self._sender, OneByOne):
            return self._sender.send(receivers, packets)  # through the sockets, which cut and count
        cut = [self._cut(packet) if self._moody and self._chance.random() < 0.3 else packet for packet in packets]
        results = self._sender.send(receivers, cut)
        for receiver, result in zip(receivers, results, strict=True):
            self.sockets[receiver.fd].frames += result > 0
        return results

    def _cut(self, packet: Packet) -> Packet:
        return Packet(packet.data[: self._chance.randrange(1, packet.length)])


class ReadsAtOnce(Snapshot):
    """A snapshot without a thread: who waits for a read does it."""

    def wait(self, watch: Watch, since: float) -> None:
        self.refresh()
        super().wait(watch, since)


class Patient(PlainLane):
    """The plain lane, in greenlets."""

    def new_event(self) -> Any:
        return gevent.event.Event()


class Connection:
    """A stream served as gunicorn serves it, and all that its client receives."""

    def __init__(self, streams: Streams, user: User, began: float, chunked: bool, sock: Socket) -> None:
        self.sock = sock
        Counting.sockets[sock.fileno()] = sock
        self.received = b""
        self._is_reading = True
        watch = streams.snapshot.watch(claims_of(user.id))
        streams.snapshot.refresh()
        self.stream = Stream(streams, watch, began, sock, chunked)
        self.server = gevent.spawn(self._serve, chunked)
        self.reader = gevent.spawn(self._read)

    def _serve(self, chunked: bool) -> None:
        try:
            for frame in self.stream.events():
                self.sock.sendall(b"%X\r\n%b\r\n" % (len(frame), frame) if chunked else frame)
            self.sock.sendall(b"0\r\n\r\n" if chunked else b"")
        except ClientGoneError:
            pass
        finally:
            self.sock.close()

    def _read(self) -> None:
        while self._is_reading and (piece := self.sock.client.recv(65536)):
            self.received += piece
        if self._is_reading:
            self.sock.client.close()

    def stop_reading(self) -> None:
        """Leave what comes from now on in the kernel."""
        self._is_reading = False
        self.reader.join(timeout=30)


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
