"""What tests of the tickers share: connections with a moody kernel, watched senders, all that a client receives."""

import random
import re
import socket
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, ClassVar

import gevent
import gevent.event
import gevent.socket

from downloads_app.models import User
from downloads_app.services.live.snapshot import Snapshot
from downloads_app.services.live.viewers import Watch
from downloads_app.web.stream.generator import Stream, Streams
from downloads_app.web.stream.pacing.pacer import ClientGoneError
from downloads_app.web.stream.pacing.packets import Packet
from downloads_app.web.stream.pacing.senders import Batch, OneByOne, Sender, best_sender
from downloads_app.web.stream.ticker import SleepingTicker
from tests.support.snapshots import token_of

INTERVAL = 0.1
SENDERS = list({OneByOne: OneByOne, type(best_sender()): best_sender}.values())
"""Sending one by one, and together where this kernel can."""


class Socket:
    """A connection whose kernel takes as much of each send as chance has it, or nothing."""

    def __init__(self, chance: random.Random, moody: bool, buffer_bytes: int | None = None) -> None:
        self._ours, self.client = gevent.socket.socketpair()
        self._sock = self._ours._sock
        if buffer_bytes:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer_bytes)
        self._chance = chance
        self._moody = moody
        self.frames = 0

    def fileno(self) -> int:
        return int(self._sock.fileno())

    def send(self, data: bytes | memoryview) -> int:
        if self._moody and self._chance.random() < 0.3:
            data = data[: self._chance.randrange(1, len(data) + 1)]
        sent = int(self._sock.send(data))
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

    def send(self, batch: Batch[Any, Any]) -> dict[int, int]:
        if isinstance(self._sender, OneByOne):
            return self._sender.send(batch)  # through the sockets, which cut and count
        cut: Batch[Any, Any] = Batch()
        for receiver, source in zip(batch.receivers, batch.holders, strict=True):
            is_cut = self._moody and self._chance.random() < 0.3
            cut.add(receiver, SimpleNamespace(packet=self._cut(source.packet)) if is_cut else source)
        told = self._sender.send(cut)
        results = [told.get(place, length) for place, length in enumerate(cut.lengths)]
        for receiver, result in zip(batch.receivers, results, strict=True):
            self.sockets[receiver.fd].frames += result > 0
        return {place: result for place, result in enumerate(results) if result != batch.lengths[place]}

    def _cut(self, packet: Packet) -> Packet:
        return Packet(packet.data[: self._chance.randrange(1, packet.length)])


class ReadsAtOnce(Snapshot):
    """A snapshot without a thread: who waits for a read does it."""

    def wait(self, watch: Watch, since: float) -> None:
        self.refresh()
        super().wait(watch, since)


class Patient(SleepingTicker):
    """The plain ticker, in greenlets."""

    def new_event(self) -> Any:
        return gevent.event.Event()


class Connection:
    """A stream served as gunicorn serves it, and all that its client receives, in bites or at once."""

    def __init__(
        self,
        streams: Streams,
        user: User,
        began: float,
        chunked: bool,
        sock: Socket,
        bites: Callable[[], int] | None = None,
    ) -> None:
        self.sock = sock
        self._bites = bites
        self.arrived: list[float] = []
        """When each event began to arrive."""
        Counting.sockets[sock.fileno()] = sock
        self.received = b""
        self._is_reading = True
        watch = streams.snapshot.watch(token_of(user.id))
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
        while self._is_reading and (piece := self.sock.client.recv(self._bites() if self._bites else 65536)):
            self.received += piece
            self.arrived += [time.monotonic()] * (self.received.count(b"event: ") - len(self.arrived))
            if self._bites:
                gevent.sleep(0.001)
        if self._is_reading:
            self.sock.client.close()

    def stop_reading(self) -> None:
        """Leave what comes from now on in the kernel."""
        self._is_reading = False
        self.reader.join(timeout=30)


def wait_for(condition: Callable[[], bool], snapshot: Snapshot | None = None) -> None:
    """Wait until the condition holds, keeping the snapshot fresh."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        if snapshot is not None:
            snapshot.refresh()
        gevent.sleep(0.005)


def keep_fresh(snapshot: Snapshot) -> None:
    """Read again and again, in a greenlet of its own."""
    while True:
        snapshot.refresh()
        gevent.sleep(0.02)


def split_events(received: bytes) -> list[bytes]:
    """Split where an event ends; the bytes, framing included, stay as they came."""
    return re.split(rb"(?<=\n\n\r\n)" if received[:2] != b"id" else rb"(?<=\n\n)", received)
