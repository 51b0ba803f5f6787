"""Closes the connections of gunicorn's thread worker beside its loop.

After an answer with `Connection: close`, RFC 9112 section 9.6 wants a server to close its side, and to read on until
the client has closed its own; otherwise a reset may take the end of the answer. gunicorn does that in the loop that
also accepts: each client that does not close keeps everybody waiting for 2 seconds.
"""

import queue
import selectors
import socket
import threading
import time
from dataclasses import dataclass
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

LINGER_SECONDS = 2.0
"""How long a client may take to close, as in gunicorn."""
MOST_BYTES = 65_536
"""How much it may still send meanwhile."""
MOST_CONNECTIONS = 128
"""So many may linger; further ones are closed at once. gunicorn no longer counts them: doctor leaves files for them."""
LOOK_SECONDS = 0.1
"""How often new ones are fetched and late ones are closed."""


def close_beside_the_loop(worker: Any) -> None:
    """Have a worker of threads close its connections in a thread of its own. Other workers are left as they are."""
    if not isinstance(worker, ThreadWorker):
        return
    lingering = Lingering()
    close_at_once = TConn.close

    def close(connection: TConn, graceful: bool = False) -> None:
        if not (graceful and lingering.take(connection.sock)):
            close_at_once(connection)

    TConn.close = close
    threading.Thread(target=lingering.run, name="lingering", daemon=True).start()


@dataclass
class _Rest:
    """What a client is still given: until when (time.monotonic()), and how many bytes."""

    deadline: float
    size: int = MOST_BYTES


class Lingering:
    """The connections whose answer is over, and whose clients have yet to close. Any thread may give, one runs."""

    def __init__(self) -> None:
        self._given: queue.SimpleQueue[socket.socket] = queue.SimpleQueue()
        self._selector = selectors.DefaultSelector()

    def take(self, sock: socket.socket) -> bool:
        """Close our side, and the whole connection later; False if it cannot linger."""
        if len(self._selector.get_map()) + self._given.qsize() >= MOST_CONNECTIONS:
            return False
        try:
            sock.shutdown(socket.SHUT_WR)
            sock.setblocking(False)
        except OSError:
            return False
        self._given.put(sock)
        return True

    def run(self) -> None:
        """Close them, for ever; asleep while there are none."""
        while True:
            if not self._selector.get_map():
                self._watch(self._given.get())
            while not self._given.empty():
                self._watch(self._given.get())
            for key, _ in self._selector.select(LOOK_SECONDS):
                self._read(key.fileobj, key.data)
            self._close_late(time.monotonic())

    def _watch(self, sock: socket.socket) -> None:
        self._selector.register(sock, selectors.EVENT_READ, _Rest(time.monotonic() + LINGER_SECONDS))

    def _read(self, sock: Any, rest: _Rest) -> None:
        try:
            received = len(sock.recv(4096))
        except BlockingIOError:
            return
        except OSError:
            received = 0
        rest.size -= received
        if not received or rest.size <= 0:
            self._close(sock)

    def _close_late(self, now: float) -> None:
        for key in list(self._selector.get_map().values()):
            if key.data.deadline <= now:
                self._close(key.fileobj)

    def _close(self, sock: Any) -> None:
        self._selector.unregister(sock)
        sock.close()
