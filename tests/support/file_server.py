"""A file server on loopback that fails as real ones do, when told to, and remembers what it was asked."""

import contextlib
import email.utils
import hashlib
import re
import socket
import ssl
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from urllib.parse import unquote, urlsplit

from downloads_app.sources import RemoteFile
from tests.support.faults import Asking as Asking
from tests.support.faults import Fault as Fault
from tests.support.faults import OddAnswer as OddAnswer
from tests.support.faults import Seen as Seen
from tests.support.loopback import LoopbackServer

MODIFIED_AT = 1_700_000_000
LOOK_SECONDS = 0.1


class FileServer:
    """Serves bytes from memory by name, with ranges and strong validators; use it as a context manager."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        self.requests: list[Seen] = []
        self.oddity: Callable[[Asking], OddAnswer | None] = lambda asking: None
        """What is answered where nothing is to go wrong; None: what a good server answers."""
        self.strong_etags = True
        self.dates = True
        self.ranges = True
        self.bytes_per_second: float | None = None
        """Of each connection; a change acts at once, also on answers under way."""
        self.most_sent: int | None = None
        """When so many bytes have gone in all, all answers wait until this is changed."""
        self.block_bytes = 16 * 1024
        self.slow_connections: dict[int, float] = {}
        """Bytes per second of single connections, by the order in which they were made (from 0)."""
        self.connections: list[int] = []
        self.most_allowed_at_once: int | None = None
        self.refusal = Fault(status=403)
        self.most_seen_at_once = 0
        self.sent_bytes = 0
        self.closing = threading.Event()
        self.answering: list[socket.socket] = []
        self.lock = threading.Lock()
        self._server = LoopbackServer(_handler_of(self))
        self.port = self._server.server_port
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://{self._server.address}/"

    def __enter__(self) -> "FileServer":
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._server.stop()

    def put(self, path: str, content: bytes, *, told: bool = True) -> RemoteFile:
        """Serve `content` at `path`; return its listing, with size and sum if they are to be told."""
        self.files[path] = content
        digest = hashlib.sha256(content).hexdigest()
        return RemoteFile(path, self.url + path, len(content) if told else None, digest if told else None)

    def fail(self, path: str, *faults: Fault) -> None:
        """Spoil the next answers for `path`, one after another."""
        self.faults[path].extend(faults)

    def seen(self, path: str) -> list[Seen]:
        """Return the requests for `path`."""
        return [request for request in self.requests if request.path == path]

    @contextlib.contextmanager
    def counting(self, connection: socket.socket) -> Iterator[bool]:
        """Count an answer under way; tells whether it is one too many.

        Answers whose client has hung up are not counted, though their threads may not have seen it yet.
        """
        with self.lock:
            self.answering.append(connection)
            at_once = sum(not _has_hung_up(each) for each in self.answering)
            self.most_seen_at_once = max(self.most_seen_at_once, at_once)
            is_too_many = self.most_allowed_at_once is not None and at_once > self.most_allowed_at_once
        try:
            yield is_too_many
        finally:
            with self.lock:
                self.answering.remove(connection)

    def count_sent(self) -> int:
        """Return how many bytes have been sent, when nobody is sent any more."""
        deadline = time.monotonic() + 30
        while self.answering and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.sent_bytes

    def speed_of(self, client_port: int) -> float | None:
        """Return how many bytes per second a connection gets."""
        with self.lock:
            if client_port not in self.connections:
                self.connections.append(client_port)
            return self.slow_connections.get(self.connections.index(client_port), self.bytes_per_second)

    def take_fault(self, path: str) -> Fault:
        """Return what is to go wrong with this answer, if anything."""
        with self.lock:
            return self.faults[path].popleft() if self.faults[path] else Fault()


def _has_hung_up(connection: socket.socket) -> bool:
    """Whether the other side has closed; under TLS one sees that only by reading, so no."""
    if isinstance(connection, ssl.SSLSocket):
        return False
    try:
        return connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def _handler_of(owner: FileServer) -> type[BaseHTTPRequestHandler]:
    class Handler(_Handler):
        server_state = owner

    return Handler


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server_state: FileServer

    def log_message(self, format: str, *args: object) -> None:
        """Tests read `requests` instead."""

    def do_GET(self) -> None:
        state, path = self.server_state, unquote(urlsplit(self.path).path).lstrip("/")
        headers = {name.lower(): value for name, value in self.headers.items()}
        state.requests.append(Seen(path, headers, self.client_address[1], time.monotonic()))
        with state.counting(self.connection) as is_too_many:
            fault = state.refusal if is_too_many else state.take_fault(path)
            if fault.before:
                fault.before()
            self._answer(path, fault)

    def _answer(self, path: str, fault: Fault) -> None:
        content = self.server_state.files.get(path)
        if fault.redirect:
            return self._send(302, {"Location": fault.redirect, **fault.headers}, b"moved", fault)
        if fault.status or content is None:
            return self._send(fault.status or 404, fault.headers, fault.body or b"no", fault)
        headers = self._describe(content)
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        odd = self.server_state.oddity(self._asking(path, content, asked)) if fault == Fault() else None
        if odd is not None:
            return self._send_exactly(odd)
        is_same = self.headers.get("If-Range", headers.get("ETag")) == headers.get("ETag")
        status, body = 200, content if fault.body is None else fault.body
        if asked and is_same and self.server_state.ranges and not fault.ignore_range:
            start, end = int(asked[1]), min(int(asked[2] or len(content) - 1), len(content) - 1) + 1
            if start >= len(content):
                return self._send(416, {"Content-Range": f"bytes */{len(content)}"}, b"", fault)
            status, body = 206, body[start:end]
            headers["Content-Range"] = f"bytes {start}-{end - 1}/{len(content)}"
        return self._send(status, {**headers, **fault.headers}, body, fault)

    def _asking(self, path: str, content: bytes, asked: re.Match[str] | None) -> Asking:
        start, end = (int(asked[1]), int(asked[2] or len(content) - 1) + 1) if asked else (0, len(content))
        return Asking(path, urlsplit(self.path).query, content, start, min(end, len(content)), asked is not None)

    def _send_exactly(self, odd: OddAnswer) -> None:
        self.send_response(odd.status)
        length = {"Connection": "close"} if odd.ends_by_closing else {"Content-Length": str(len(odd.body))}
        for name, value in {**length, **odd.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(odd.body)
        self.close_connection = odd.ends_by_closing

    def _describe(self, content: bytes) -> dict[str, str]:
        state = self.server_state
        headers = {"Content-Type": "application/octet-stream"}
        if state.ranges:
            headers["Accept-Ranges"] = "bytes"
        if state.strong_etags:
            headers["ETag"] = f'"{hashlib.md5(content).hexdigest()}"'
        if state.dates:
            headers["Last-Modified"] = email.utils.formatdate(MODIFIED_AT + len(content) % 997, usegmt=True)
        return headers

    def _send(self, status: int, headers: dict[str, str], body: bytes, fault: Fault) -> None:
        self.send_response(status)
        length = {"Transfer-Encoding": "chunked"} if fault.chunked else {"Content-Length": str(len(body))}
        for name, value in {**length, **headers}.items():
            if value:
                self.send_header(name, value)
        self.end_headers()
        self._send_body(body, fault)

    def _send_body(self, body: bytes, fault: Fault) -> None:
        state, sent, begun_at = self.server_state, 0, time.monotonic()
        while (sent < len(body) or fault.endless) and not state.closing.is_set():
            block = body[sent : sent + state.block_bytes] if sent < len(body) else body[: state.block_bytes]
            limit = fault.drop_after if fault.drop_after is not None else fault.stall_after
            if limit is not None:
                block = block[: limit - sent]
            if not block:
                self._break_off(fault)
                return
            self.wfile.write(b"%x\r\n%s\r\n" % (len(block), block) if fault.chunked else block)
            sent += len(block)
            state.sent_bytes += len(block)
            if fault.slow_after and sent >= fault.slow_after[0]:
                state.closing.wait(len(block) / fault.slow_after[1])
            self._wait_turn(begun_at, sent)
        if fault.before_end:
            fault.before_end()
        if fault.chunked:
            self.wfile.write(b"0\r\n\r\n")

    def _wait_turn(self, begun_at: float, sent: int) -> None:
        """Wait until so many bytes may have gone; looks often, since the speed may be changed meanwhile."""
        state = self.server_state
        while state.most_sent is not None and state.sent_bytes >= state.most_sent:
            if state.closing.wait(LOOK_SECONDS) or _has_hung_up(self.connection):
                return
        while speed := state.speed_of(self.client_address[1]):
            left_seconds = begun_at + sent / speed - time.monotonic()
            if left_seconds <= 0 or state.closing.wait(min(left_seconds, LOOK_SECONDS)):
                return

    def _break_off(self, fault: Fault) -> None:
        self.wfile.flush()
        if fault.stall_after is not None:
            self.server_state.closing.wait(60)
        self.close_connection = True
