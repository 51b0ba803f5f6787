"""Both senders do what send(2) does, for one connection and for thousands, whatever state these are in."""

import errno
import os
import random
import socket
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from downloads_app.web.stream import metrics
from downloads_app.web.stream.pacing import senders
from downloads_app.web.stream.pacing.io_uring import ring
from downloads_app.web.stream.pacing.packets import Packet
from downloads_app.web.stream.pacing.senders import REFUSED, Batch, OneByOne, Sender, best_sender

SENDERS: list[Sender] = list({type(sender): sender for sender in (OneByOne(), best_sender())}.values())
"""Sending one by one, and together where this kernel can."""


class Line:
    """A connection with its two ends in this process."""

    def __init__(self) -> None:
        self._ours, self.theirs = socket.socketpair()
        for end in (self._ours, self.theirs):
            end.setblocking(False)
        self.fd = self._ours.fileno()
        self.send = self._ours.send

    def read(self) -> bytes:
        """Return what has arrived."""
        received = b""
        while True:
            try:
                piece = self.theirs.recv(1 << 20)
            except BlockingIOError:
                return received
            if not piece:
                return received
            received += piece

    def close(self) -> None:
        """Close both ends."""
        self._ours.close()
        self.theirs.close()


def send(sender: Sender, what: list[tuple[Line, Packet]]) -> list[int]:
    """Send to each line its packet; return how many bytes were taken of each, or a negative errno."""
    batch: Batch[Line, Any] = Batch()
    for line, packet in what:
        batch.add(line, SimpleNamespace(packet=packet))
    missed = sender.send(batch)
    return [missed.get(place, packet.length) for place, (_line, packet) in enumerate(what)]


@pytest.fixture
def lines() -> Iterator[list[Line]]:
    """Forty connections."""
    lines = [Line() for _ in range(40)]
    yield lines
    for line in lines:
        line.close()


@pytest.mark.parametrize("sender", SENDERS)
def test_each_gets_its_own_bytes_however_many_are_sent_at_once(sender: Sender, lines: list[Line]) -> None:
    chance = random.Random(0)
    for _turn in range(20):
        batch = [
            (chance.choice(lines), Packet(os.urandom(chance.randrange(1, 200)))) for _ in range(chance.randrange(1300))
        ]
        results = send(sender, batch)
        assert results == [packet.length for _, packet in batch]
        for line in lines:
            assert line.read() == b"".join(packet.data for to, packet in batch if to is line)


@pytest.mark.parametrize("sender", SENDERS)
def test_what_a_full_connection_took_is_told_to_the_byte(sender: Sender, lines: list[Line]) -> None:
    full, free = lines[:2]
    full._ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    packet = Packet(os.urandom(3000))
    results = send(sender, [(full, packet), (free, packet)] * 30)
    assert results[1::2] == [3000] * 30
    assert results[-2] == REFUSED
    taken = [max(0, result) for result in results[0::2]]
    assert full.read() == b"".join(packet.data[:size] for size in taken)
    assert send(sender, [(full, packet)]) == [3000]


@pytest.mark.parametrize("sender", SENDERS)
def test_a_part_that_a_connection_has_room_for_is_sent(sender: Sender) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        ours = socket.create_connection(listener.getsockname())
        theirs, _ = listener.accept()
    line = Line.__new__(Line)
    line._ours, line.theirs, line.fd, line.send = ours, theirs, ours.fileno(), ours.send
    ours.setblocking(False)
    theirs.setblocking(False)
    packet = Packet(os.urandom(32 << 20))
    (sent,) = send(sender, [(line, packet)])
    assert 0 < sent < packet.length
    received = b""
    while len(received) < sent:
        received += line.read()
    assert received == packet.data[:sent]
    line.close()


@pytest.mark.parametrize("sender", SENDERS)
def test_a_client_that_is_gone_stops_nobody_else(sender: Sender, lines: list[Line]) -> None:
    gone, here = lines[:2]
    gone.theirs.close()
    assert send(sender, [(gone, Packet(b"one")), (here, Packet(b"two"))]) == [-errno.EPIPE, 3]
    assert here.read() == b"two"
    assert send(sender, []) == []


def test_where_the_kernel_has_no_io_uring_it_sends_one_by_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(number: int, *_arguments: int) -> int:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(ring, "_syscall", refuse)
    with caplog.at_level("INFO", logger=senders.log.name):
        assert isinstance(best_sender(), OneByOne)
    assert "Operation not permitted" in caplog.text


def senders_in_metrics() -> dict[str, float]:
    """Return how many processes send in which way."""
    (family,) = metrics.SENDERS.collect()
    return {sample.labels["sender"]: sample.value for sample in family.samples if sample.value}


def test_io_uring_can_be_switched_off(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def never(*_arguments: int) -> int:
        raise AssertionError("a system call of io_uring")

    monkeypatch.setattr(ring, "_syscall", never)
    with caplog.at_level("INFO", logger=senders.log.name):
        assert isinstance(best_sender("off"), OneByOne)
    assert "sending one by one: STREAM_IO_URING is off" in caplog.text
    assert senders_in_metrics() == {"one by one": 1}


@pytest.mark.parametrize("sender", [sender for sender in SENDERS if not isinstance(sender, OneByOne)])
def test_what_the_kernel_does_not_take_in_one_call_is_told_as_refused(
    sender: Sender, lines: list[Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ring._syscall

    def take_half(number: int, fd: int, count: int, *rest: int) -> int:
        return real(number, fd, count // 2, *rest)

    packets = [Packet(b"%03d" % number) for number in range(40)]
    batch = list(zip(lines, packets, strict=True))
    with monkeypatch.context() as patch:
        patch.setattr(ring, "_syscall", take_half)
        assert send(sender, batch) == [3] * 20 + [REFUSED] * 20
    assert [line.read() for line in lines] == [packet.data for packet in packets[:20]] + [b""] * 20
    assert send(sender, batch) == [3] * 40
    assert [line.read() for line in lines] == [packet.data for packet in packets]


@pytest.mark.parametrize("make_sender", [best_sender] * (len(SENDERS) - 1))
def test_a_kernel_that_fails_costs_one_turn(
    make_sender: Callable[[], Sender],
    lines: list[Line],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sender = make_sender()
    assert senders_in_metrics() == {"io_uring": 1}

    def fail(*_arguments: int) -> int:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(ring, "_syscall", fail)
    what = [(line, Packet(b"now")) for line in lines]
    assert send(sender, what) == [REFUSED] * 40
    for _ in range(2):
        assert send(sender, what) == [3] * 40
    assert [line.read() for line in lines] == [b"nownow"] * 40
    assert caplog.text.count("io_uring failed: [Errno 1] Operation not permitted") == 1
    assert senders_in_metrics() == {"one by one": 1}
