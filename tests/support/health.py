"""Whether the process answers /healthz while something else hangs."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import requests

from tests.support.server import Server, wait_until


class Health:
    """/healthz, asked all the while."""

    def __init__(self, server: Server) -> None:
        self._url = f"{server.url}/healthz"
        self._answers = 0
        self._is_over = threading.Event()

    def goes_on(self) -> None:
        """Wait for a question and its answer: a held event loop would give none before the fault is over."""
        least = self._answers + 2  # the next one was perhaps asked before
        wait_until(lambda: self._answers >= least, what="an answer of /healthz")

    def ask(self) -> None:
        """Ask until it is over; each answer must be right."""
        while not self._is_over.wait(0.05):
            assert requests.get(self._url, timeout=30).ok
            self._answers += 1

    def end(self) -> None:
        """Let `ask` return."""
        self._is_over.set()


@contextmanager
def healthy(server: Server) -> Iterator[Health]:
    """Ask /healthz all the while."""
    health = Health(server)
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(health.ask)
        try:
            yield health
        finally:
            health.end()
        asking.result()
