"""That a server goes on answering while something is done to it."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import requests

from tests.support.server import Server


@contextmanager
def healthy(server: Server) -> Iterator[None]:
    """Ask /healthz all the while; each answer must come fast."""
    slowest, is_over = 0.0, threading.Event()

    def ask() -> None:
        nonlocal slowest
        while not is_over.wait(0.05):
            began = time.monotonic()
            assert requests.get(f"{server.url}/healthz", timeout=30).ok
            slowest = max(slowest, time.monotonic() - began)

    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(ask)
        try:
            yield
        finally:
            is_over.set()
        asking.result()
    assert slowest < 1.5, f"/healthz took {slowest:.1f} s"
