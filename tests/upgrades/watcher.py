"""A browser that watches through two web servers, and comes back whenever one of them ends its stream."""

import itertools
import threading
from collections.abc import Sequence

from tests.support.sse import Event, StreamClient

REFUSED_SECONDS = 0.1
"""Then the next server is asked, as nginx does."""


class Watcher(threading.Thread):
    """Reads one stream after another, each from the next server, until it is told to end or all is complete."""

    def __init__(self, ports: Sequence[int], token: str) -> None:
        super().__init__(daemon=True)
        self._ports, self._token = itertools.cycle(ports), token
        self._is_over = threading.Event()
        self._clients: list[StreamClient] = []
        self.statuses: list[int] = []

    def run(self) -> None:
        """See threading.Thread."""
        while not self._is_over.is_set():
            try:
                client = StreamClient(next(self._ports), self._token)
            except OSError:
                self._is_over.wait(REFUSED_SECONDS)
                continue
            self._clients.append(client)
            while not client.closed.wait(0.1) and not self._is_over.is_set():
                pass
            client.close()
            self._wait_to_return(client)

    def _wait_to_return(self, client: StreamClient) -> None:
        """Wait as long as the server has said; a connection that was cut before an answer counts for nothing."""
        if client.status is not None:
            self.statuses.append(client.status)
        if client.events and client.events[-1].name == "complete":
            self._is_over.set()
        told = [event.retry for event in client.events if event.retry is not None]
        self._is_over.wait(told[-1] / 1000 if told else REFUSED_SECONDS)

    @property
    def events(self) -> list[Event]:
        """All events of all its streams, in their order."""
        return [event for client in list(self._clients) for event in list(client.events) if event.data is not None]

    @property
    def streams(self) -> int:
        """How many streams it has had."""
        return len(self._clients)

    def bytes_of(self) -> dict[str, list[int]]:
        """Return the bytes of each download, as they were shown one after the other."""
        shown: dict[str, list[int]] = {}
        for event in self.events:
            for row in event.data.get("downloads", []):
                shown.setdefault(row["id"], []).append(row["progress_data"]["current_bytes"])
        return shown

    def leave(self) -> None:
        """Stop watching."""
        self._is_over.set()
        self.join(30)
