"""Servers of threads: how many requests one answers at a time. A stream takes a thread for as long as it is open."""

import threading
from importlib import import_module
from typing import Any

WAITRESS_THREADS = "waitress-"
"""How waitress names its threads (waitress/task.py)."""


def count_threads(environ: dict[str, Any]) -> int | None:
    """Return how many requests the server of this request answers at a time in this process; None if it has no limit.

    gunicorn says it when a worker starts (see gunicorn.conf.py).
    """
    if "uwsgi.version" in environ:
        # The module exists inside uWSGI alone. `cores` are threads, or the greenlets of its own gevent loop.
        return int(import_module("uwsgi").cores)
    if environ.get("SERVER_SOFTWARE") == "waitress":
        return sum(thread.name.startswith(WAITRESS_THREADS) for thread in threading.enumerate())
    return None
