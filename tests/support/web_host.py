"""A web host as nginx sees one, that can be away, break off, and vanish without a word."""

import socket
import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

STREAM = "/api/downloads/subscribe"
EVENT_SECONDS = 0.2


class WebHost(ThreadingHTTPServer):
    """Answers everything with 200, and the stream with an event every 0.2 s; use it as a context manager.

    Until `begin` it refuses connections.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 1

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler, bind_and_activate=False)
        self.server_bind()
        self.address = f"127.0.0.1:{self.server_port}"
        self.asked: list[str] = []
        self.breaks_off = False
        self.has_vanished = threading.Event()
        self._waiting: list[socket.socket] = []
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True)

    def begin(self) -> None:
        """Serve from now on."""
        self.server_activate()
        self._thread.start()

    def vanish(self) -> None:
        """Be as a machine without power: nothing is answered, nothing is closed, and new connections find nobody."""
        self.has_vanished.set()
        self._end()
        for _ in range(self.request_queue_size + 2):  # as many as the kernel would take for us, and more
            self._waiting.append(socket.socket())
            self._waiting[-1].setblocking(False)
            with suppress(BlockingIOError):
                self._waiting[-1].connect(self.server_address)

    def _end(self) -> None:
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join(10)

    def __enter__(self) -> "WebHost":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()
        for waiting in self._waiting:
            waiting.close()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: WebHost

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.server.asked.append(f"{self.command} {self.path}")
        self.close_connection = True
        if self.server.breaks_off:
            return
        self.send_response(200)
        self.send_header("Connection", "close")
        self.end_headers()
        while self.path == STREAM:
            if self.server.has_vanished.wait(EVENT_SECONDS):
                threading.Event().wait(60)  # the connection stays, and nothing comes
            try:
                self.wfile.write(b"event: update\n\n")
            except OSError:
                return  # nginx has left

    do_GET = do_POST = _answer  # noqa: N815 - http.server asks for these names

    def log_message(self, *_: object) -> None:
        """Say nothing."""
