"""The id of the request that is being answered, which stands in its answer and in every log line that it causes.

A download keeps the id of the request that queued it; its worker's log lines have the same id.
"""

import logging
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "X-Request-Id"
MAX_LENGTH = 64
_FORM = re.compile(rf"[A-Za-z0-9-]{{1,{MAX_LENGTH}}}")
_present: ContextVar[str | None] = ContextVar("request_id", default=None)
"""Each thread and each greenlet has its own."""


def choose(sent: str | None) -> str:
    """Return the id that a trusted proxy sent, if it has the form of one; else a new random id."""
    return sent if sent and _FORM.fullmatch(sent) else secrets.token_hex(8)


def begin(request_id: str) -> None:
    """Log with this id from now on, until the next request of this thread or greenlet."""
    _present.set(request_id)


def present() -> str | None:
    """Return the id of the request that this thread or greenlet answers, or answered last; None if there was none."""
    return _present.get()


@contextmanager
def belonging_to(request_id: str | None) -> Iterator[None]:
    """Log with this id within the block: what a worker does for a download that a request has queued."""
    token = _present.set(request_id)
    try:
        yield
    finally:
        _present.reset(token)


def add_to(record: logging.LogRecord) -> bool:
    """Give a log record the present id, for a formatter. A filter of a handler; lets every record pass."""
    if request_id := present():
        record.request_id = request_id
    return True
