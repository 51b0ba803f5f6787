"""Listening sockets: a process accepts no more than its share (see balance.py), and few strangers of an address."""

import time
from functools import partial
from typing import Any

from gevent.server import StreamServer
from gunicorn.workers import ggevent

from downloads_app.web.gunicorn.balance import Balance
from downloads_app.web.gunicorn.strangers import Strangers

PAUSE_SECONDS = 0.02
"""After each connection that a process accepts while it is ahead. Pause, never stop: the others may hang."""


class Connections:
    """The connections of this process. It tells the other processes how many it has."""

    def __init__(self, balance: Balance, age: int, strangers: Strangers) -> None:
        self._balance = balance
        self._age = age
        self.strangers = strangers
        self.servers: list[EvenServer] = []
        self.has_left = False

    def tell(self) -> int:
        """Tell how many there are, and return the number. Call it often: see STALE_SECONDS in balance.py."""
        count = sum(len(server.pool) for server in self.servers)
        self._balance.tell(self._age, count, time.monotonic())
        return count

    def are_ahead(self) -> bool:
        """Whether there are clearly more than another process has; also calls `tell`."""
        return self._balance.is_ahead(self.tell(), time.monotonic())

    def leave(self) -> None:
        """Stop accepting: other processes take the waiting connections. gunicorn would accept for up to a second."""
        self.has_left = True
        self._balance.leave(self._age)
        for server in self.servers:
            server.stop_accepting()


# gevent has no types, and those that others wrote for it (types-gevent) refuse what it takes: `timer.start(callback)`.
class EvenServer(StreamServer):  # type: ignore[misc]  # a base of type Any: gevent has no types
    """Pauses after a connection while its process is ahead."""

    max_accept = 1
    """Connections accepted in one turn of the event loop, also in a single process. If more clients connect than the
    process can serve, the open streams go on and new clients wait in the kernel's queue. With gevent's default of 100,
    a read of the snapshot would then take seconds."""

    def __init__(self, connections: Connections, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._connections = connections
        connections.servers.append(self)

    def start_accepting(self) -> None:
        """See gevent. A pause may end after `leave`: then this accepts nothing."""
        if not self._connections.has_left:
            super().start_accepting()

    def do_read(self) -> Any:
        """Accept a connection. gevent calls this when one may be waiting."""
        accepted = super().do_read()
        if accepted is None:
            return None
        if self._connections.are_ahead():
            self.stop_accepting()
            self._timer = self.loop.timer(PAUSE_SECONDS)
            self._timer.start(self._start_accepting_if_started)
        client, peer = accepted
        if not self._connections.strangers.take(peer):
            client.close()
            return None
        return accepted

    def do_close(self, sock: Any, *args: Any) -> None:
        """See gevent, which calls this when a connection has been served."""
        super().do_close(sock, *args)
        self._connections.strangers.forget(*args)


def listen_evenly(worker: Any, strangers: Strangers) -> Connections:
    """Make a gunicorn worker that is about to run accept its share.

    gunicorn has no setting for the server class, so we replace the class in gunicorn's module.
    """
    connections = Connections(worker.balance, worker.age, strangers)
    ggevent.StreamServer = partial(EvenServer, connections)
    return connections
