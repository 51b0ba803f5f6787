"""A connection whose answer is over is closed when its client closes, sends on for too long, or takes too long."""

import queue
import socket
import threading
from collections.abc import Iterator

import pytest

from downloads_app.cli.doctor.kernel import SPARE_FILES
from downloads_app.web.gunicorn import lingering


@pytest.fixture
def lingers() -> lingering.Lingering:
    """One whose thread runs."""
    made = lingering.Lingering()
    threading.Thread(target=made.run, daemon=True).start()
    return made


class Connection(socket.socket):
    """A socket that tells when it is closed."""

    def __init__(self, family: int, kind: int, protocol: int, fileno: int) -> None:
        super().__init__(family, kind, protocol, fileno)
        self.is_closed = threading.Event()

    def close(self) -> None:
        super().close()
        self.is_closed.set()


@pytest.fixture
def ends() -> Iterator[tuple[Connection, socket.socket]]:
    """The server's end of a connection, and the client's."""
    ours, theirs = socket.socketpair()
    connection = Connection(ours.family, ours.type, ours.proto, ours.detach())
    with connection, theirs:
        theirs.settimeout(30)
        yield connection, theirs


def test_what_the_client_sends_meanwhile_is_read_until_it_closes(
    lingers: lingering.Lingering, ends: tuple[Connection, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lingering, "LINGER_SECONDS", 600)
    ours, theirs = ends
    assert lingers.take(ours)
    assert theirs.recv(1) == b""
    theirs.sendall(b"the rest of a request")
    assert not ours.is_closed.wait(2 * lingering.LOOK_SECONDS)
    theirs.close()
    assert ours.is_closed.wait(30)


def test_a_client_that_sends_on_and_on_is_cut(
    lingers: lingering.Lingering, ends: tuple[Connection, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lingering, "LINGER_SECONDS", 600)
    ours, theirs = ends
    assert lingers.take(ours)
    with pytest.raises(OSError, match=r"reset|pipe"):
        theirs.sendall(bytes(10 * lingering.MOST_BYTES + (16 << 20)))
    assert ours.is_closed.wait(30)


def test_a_client_that_does_not_close_is_cut(
    lingers: lingering.Lingering, ends: tuple[Connection, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lingering, "LINGER_SECONDS", 0.01)
    ours, _ = ends
    assert lingers.take(ours)
    assert ours.is_closed.wait(30)


def test_only_so_many_linger(ends: tuple[Connection, socket.socket], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lingering, "MOST_CONNECTIONS", 0)
    ours, _ = ends
    assert not lingering.Lingering().take(ours)


def test_there_are_files_for_those_that_linger() -> None:
    """gunicorn's process of threads ends when it can open no file for one more client."""
    assert lingering.MOST_CONNECTIONS <= SPARE_FILES // 2


def test_a_connection_that_its_client_has_reset_does_not_linger(ends: tuple[Connection, socket.socket]) -> None:
    ours, _ = ends
    ours.close()
    made = lingering.Lingering()
    assert not made.take(ours)
    with pytest.raises(queue.Empty):
        made._given.get_nowait()
