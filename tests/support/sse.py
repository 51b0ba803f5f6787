"""A stream client that trusts nothing: raw bytes over a socket, events with their arrival times."""

import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass
class Event:
    """One event as it arrived; `data` is decoded JSON, or None where there was no data line."""

    name: str
    data: Any
    event_id: str | None
    retry: int | None
    comments: list[str]
    arrived: float
    raw: str


class StreamClient:
    """Opens one stream and reads it in a thread."""

    def __init__(
        self,
        port: int,
        token: str | None = None,
        headers: dict[str, str] | None = None,
        path: str = "/api/downloads/subscribe",
        http_version: str = "1.1",
        host: str = "127.0.0.1",
    ) -> None:
        self.events: list[Event] = []
        self.status: int | None = None
        self.headers: dict[str, str] = {}
        self.body = b""
        self.closed = threading.Event()
        self._news = threading.Condition()
        self._socket = socket.create_connection((host, port), timeout=60)
        lines = [f"GET {path} HTTP/{http_version}", "Host: localhost", "Accept: text/event-stream"]
        if token:
            lines.append(f"Authorization: Bearer {token}")
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        self.opened = time.monotonic()
        self._socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self) -> None:
        try:
            with self._socket.makefile("rb") as file:
                self._read_head(file)
                body = self._body(file)
                if not self.headers.get("content-type", "").startswith("text/event-stream"):
                    body = iter(list(body)[:0])  # read it, and see no events in it
                for block in _blocks(body):
                    self._take(block)
        except (OSError, ValueError, IndexError):
            pass  # closed before, or in the middle of, the answer's head
        finally:
            with self._news:
                self.closed.set()
                self._news.notify_all()

    def _read_head(self, file: Any) -> None:
        status = int(file.readline().split()[1])
        while (line := file.readline().strip()) != b"":
            name, _, value = line.decode().partition(":")
            self.headers[name.strip().lower()] = value.strip()
        with self._news:
            self.status = status
            self._news.notify_all()

    def _body(self, file: Any) -> Iterator[bytes]:
        if self.headers.get("transfer-encoding") == "chunked":
            while size := int(file.readline().strip() or b"0", 16):
                yield self._keep(file.read(size))
                file.readline()
            return
        length = int(self.headers.get("content-length", -1))
        while piece := file.read1(length if length >= 0 else 65536) if length else b"":
            length -= len(piece) if length > 0 else 0
            yield self._keep(piece)

    def _keep(self, piece: bytes) -> bytes:
        self.body += piece
        return piece

    def _take(self, block: str) -> None:
        fields: dict[str, str] = {}
        comments = []
        for line in block.split("\n"):
            name, _, value = line.partition(":")
            if not name:
                comments.append(value.strip())
            else:
                assert name not in fields, f"{name} twice in {block!r}"
                fields[name] = value.removeprefix(" ")
        event = Event(
            name=fields.get("event", "message"),
            data=json.loads(fields["data"]) if "data" in fields else None,
            event_id=fields.get("id"),
            retry=int(fields["retry"]) if "retry" in fields else None,
            comments=comments,
            arrived=time.monotonic(),
            raw=block,
        )
        with self._news:
            self.events.append(event)
            self._news.notify_all()

    def wait_status(self, seconds: float = 60) -> int:
        """Return the status once it is there."""
        with self._news:
            assert self._news.wait_for(lambda: self.status is not None or self.closed.is_set(), seconds), "no status"
            assert self.status is not None, "closed without a status"
            return self.status

    def wait_events(self, number: int, name: str | None = None, seconds: float = 60) -> list[Event]:
        """Return the events (of that name) once there are so many; fails when the stream ends before."""

        def chosen() -> list[Event]:
            return [event for event in self.events if name is None or event.name == name]

        with self._news:
            self._news.wait_for(lambda: len(chosen()) >= number or self.closed.is_set(), seconds)
            assert len(chosen()) >= number, f"{len(chosen())} of {number} {name} events; last: {self.events[-2:]}"
            return chosen()

    def wait_closed(self, seconds: float = 60) -> list[Event]:
        """Return all events once the server has closed the stream."""
        assert self.closed.wait(seconds), f"still open after {seconds} s; last: {self.events[-2:]}"
        return self.events

    def close(self) -> None:
        """Leave (the reading thread holds the socket too, so it has to be shut down)."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


def _blocks(pieces: Iterator[bytes]) -> Iterator[str]:
    rest = ""
    for piece in pieces:
        rest += piece.decode()
        while "\n\n" in rest:
            block, rest = rest.split("\n\n", 1)
            yield block
    assert rest == "", f"an unfinished event: {rest!r}"
