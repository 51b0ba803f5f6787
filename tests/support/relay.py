"""A TCP relay on loopback that can fall silent, as a cut cable or a sleeping access point does, or hang up on all."""

import contextlib
import socket
import threading
from collections.abc import Callable
from pathlib import Path

BLOCK_BYTES = 64 * 1024


class Relay:
    """Passes bytes on to a port, or to a unix socket, while it is connected; use it as a context manager."""

    def __init__(self, target: int | Path) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._connected = threading.Event()
        self._connected.set()
        self._sockets: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> "Relay":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End. A thread that still waited at a closed socket could be woken at another that has its number since."""
        self._connected.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        self.hang_up()

    def hang_up(self) -> None:
        """End all connections; new ones are taken."""
        ends, self._sockets = self._sockets, []
        for end in ends:
            with contextlib.suppress(OSError):  # closed meanwhile
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Pass nothing on any more, and tell nobody."""
        self._connected.clear()

    def mend(self) -> None:
        """Pass everything on again, what was held back first."""
        self._connected.set()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return  # shut down
            try:
                server = self._reach()
            except OSError:
                client.close()
                continue
            self._sockets += [client, server]
            threading.Thread(target=pass_on_both_ways, args=(client, server, self._connected.wait), daemon=True).start()

    def _reach(self) -> socket.socket:
        if isinstance(self._target, int):
            return socket.create_connection(("127.0.0.1", self._target))
        server = socket.socket(socket.AF_UNIX)
        server.connect(str(self._target))
        return server


def pass_on_both_ways(
    one: socket.socket, other: socket.socket, before_each: Callable[[], object] = lambda: None
) -> None:
    """Pass bytes on until both sides have had enough; then close both."""
    with one, other:
        back = threading.Thread(target=_pass_on, args=(other, one, before_each), daemon=True)
        back.start()
        _pass_on(one, other, before_each)
        back.join()


def _pass_on(source: socket.socket, target: socket.socket, before_each: Callable[[], object]) -> None:
    """Pass bytes on until either side has had enough, then close the target's sending half."""
    with contextlib.suppress(OSError):
        while block := source.recv(BLOCK_BYTES):
            before_each()
            target.sendall(block)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)
