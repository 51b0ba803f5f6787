"""Listening sockets from which a process accepts no more than its share of the connections (see balance.py)."""

import time
from functools import partial
from typing import Any

from gevent.server import StreamServer
from gunicorn.workers import ggevent

from downloads_app.web.gunicorn.balance import Balance

PAUSE_SECONDS = 0.02
"""After each connection that a process accepts while it is ahead. Pause, never stop: the others may hang."""


class Connections:
    """The connections of this process, of which it tells the other processes."""

    def __init__(self, balance: Balance, age: int) -> None:
        self._balance = balance
        self._age = age
        self.servers: list[EvenServer] = []
        self.has_left = False

    def tell(self) -> int:
        """Tell how many there are, and return it. A process that has told nothing for seconds counts no more."""
        count = sum(len(server.pool) for server in self.servers)
        self._balance.tell(self._age, count, time.monotonic())
        return count

    def are_ahead(self) -> bool:
        """Whether there are clearly more than another process has; tells of them too."""
        return self._balance.is_ahead(self.tell(), time.monotonic())

    def leave(self) -> None:
        """Accept no more: what waits at the sockets is for other processes. gunicorn would go on for up to a second."""
        self.has_left = True
        self._balance.leave(self._age)
        for server in self.servers:
            server.stop_accepting()


class EvenServer(StreamServer):  # type: ignore[misc]  # gevent has no types
    """Pauses after a connection while its process is ahead."""

    max_accept = 1
    """Connections a turn of the loop, also in a single process: when more come than it can open, those that are open
    go on, and the others wait in the kernel's queue. With gevent's 100 a read of the snapshot takes seconds then."""

    def __init__(self, connections: Connections, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._connections = connections
        connections.servers.append(self)

    def start_accepting(self) -> None:
        """See gevent; it may come to this after a pause too."""
        if not self._connections.has_left:
            super().start_accepting()

    def do_read(self) -> Any:
        """Accept a connection; gevent calls it when there may be one."""
        accepted = super().do_read()
        if accepted is not None and self._connections.are_ahead():
            self.stop_accepting()
            self._timer = self.loop.timer(PAUSE_SECONDS)
            self._timer.start(self._start_accepting_if_started)
        return accepted


def listen_evenly(worker: Any) -> Connections:
    """Have a gunicorn worker that is about to run accept its share; the class is found in its module, not asked for."""
    connections = Connections(worker.balance, worker.age)
    ggevent.StreamServer = partial(EvenServer, connections)
    return connections
