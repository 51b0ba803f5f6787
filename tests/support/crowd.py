"""Many stream clients in one thread: sockets and a selector, little work an event, so that thousands fit a core."""

import contextlib
import json
import selectors
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

PATH = "/api/downloads/subscribe"
READ_BYTES = 256 * 1024


@dataclass
class Seen:
    """One block of a stream: an event, or only a `retry` or a comment (`name` is empty then)."""

    name: str
    arrived: float
    block: bytes

    @property
    def data(self) -> Any:
        """The event's JSON."""
        line = next(line for line in self.block.split(b"\n") if line.startswith(b"data: "))
        return json.loads(line.removeprefix(b"data: "))

    @property
    def retry_seconds(self) -> float | None:
        """The reconnection time that the block sets, if any."""
        for line in self.block.split(b"\n"):
            if line.startswith(b"retry: "):
                return int(line.removeprefix(b"retry: ")) / 1000
        return None


@dataclass
class Viewer:
    """One client of the crowd."""

    token: str
    opened: float = field(default_factory=time.monotonic)
    status: int | None = None
    seen: list[Seen] = field(default_factory=list)
    closed: float | None = None
    is_reading: bool = True
    _buffer: bytearray = field(default_factory=bytearray)
    _body: bytearray = field(default_factory=bytearray)
    _is_chunked: bool = False

    @property
    def names(self) -> list[str]:
        """The names of its events, in order."""
        return [seen.name for seen in self.seen if seen.name]

    def take(self, piece: bytes) -> None:
        """Read on."""
        self._buffer += piece
        if self.status is None:
            head, separator, _ = self._buffer.partition(b"\r\n\r\n")
            if not separator:
                return
            self.status = int(head.split()[1])
            self._is_chunked = b"chunked" in head.lower()
            del self._buffer[: len(head) + 4]
        if self._is_chunked:
            self._dechunk()
        else:
            self._body += self._buffer
            self._buffer.clear()
        arrived = time.monotonic()
        while (end := self._body.find(b"\n\n")) >= 0:
            block = bytes(self._body[:end])
            del self._body[: end + 2]
            name = block.partition(b"event: ")[2].partition(b"\n")[0].decode()
            self.seen.append(Seen(name, arrived, block))

    def _dechunk(self) -> None:
        while (line_end := self._buffer.find(b"\r\n")) > 0:
            size = int(self._buffer[:line_end], 16)
            end = line_end + 2 + size
            if len(self._buffer) < end + 2:
                return
            self._body += self._buffer[line_end + 2 : end]
            del self._buffer[: end + 2]


class Crowd:
    """Opens streams and reads them all in `run`; use it as a context manager."""

    def __init__(self, address: tuple[str, int] | str) -> None:
        """`address` is a TCP one, or a unix socket's path."""
        self._address = address
        self._selector = selectors.DefaultSelector()
        self._sockets: dict[int, socket.socket] = {}
        self.viewers: list[Viewer] = []

    def __enter__(self) -> "Crowd":
        return self

    def __exit__(self, *_: object) -> None:
        for sock in self._sockets.values():
            sock.close()
        self._selector.close()

    def open(self, tokens: Iterable[str], is_reading: bool = True, receive_buffer: int = 0) -> list[Viewer]:
        """Open a stream for each token; the answers are read by `run` unless they are never to be read."""
        return [self._open(token, is_reading, receive_buffer) for token in tokens]

    def _open(self, token: str, is_reading: bool, receive_buffer: int) -> Viewer:
        family = socket.AF_UNIX if isinstance(self._address, str) else socket.AF_INET
        sock = socket.socket(family)
        if receive_buffer:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        sock.settimeout(60)
        sock.connect(self._address)
        sock.sendall(f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode("ascii"))
        sock.setblocking(False)
        viewer = Viewer(token, is_reading=is_reading)
        self.viewers.append(viewer)
        self._sockets[id(viewer)] = sock
        if is_reading:
            self._selector.register(sock, selectors.EVENT_READ, viewer)
        return viewer

    def run(self, until: Callable[[], Any], seconds: float = 60, what: str = "") -> None:
        """Read until the condition is true; fails after `seconds`."""
        deadline = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < deadline, f"waited {seconds} s in vain for {what or 'the crowd'}"
            for key, _ in self._selector.select(timeout=0.05):
                self._read(key.fileobj, key.data)  # type: ignore[arg-type]  # it is a socket

    def _read(self, sock: socket.socket, viewer: Viewer) -> None:
        try:
            piece = sock.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if piece:
            viewer.take(piece)
        else:
            viewer.closed = time.monotonic()
            self._selector.unregister(sock)
            sock.close()

    def leave(self, viewer: Viewer) -> None:
        """Close a client's connection."""
        sock = self._sockets[id(viewer)]
        with contextlib.suppress(KeyError, ValueError):
            self._selector.unregister(sock)
        sock.close()
        viewer.closed = time.monotonic()
