"""One event as bytes: the only file that knows the stream's wire format.

The format is Server-Sent Events (WHATWG HTML, section 9.2). Clients rely on the events' fields and messages, so they
stay as they are. services/downloads/representation.py makes what an event says of a download.
"""

import json
import time
from collections.abc import Iterable
from typing import Any

DATABASE_ERROR = "Failed to get downloads: Database error"
KEEP_ALIVE = b": keep-alive\n\n"
COMPLETE_ID_PREFIX = "complete-"
_dumps = json.JSONEncoder(separators=(",", ":")).encode


def update(downloads: Iterable[bytes], version: str) -> bytes:
    """Return an `update` of encoded downloads; `version` changes when they do."""
    return b'id: %b\nevent: update\ndata: {"type":"update","downloads":[%b]}\n\n' % (
        version.encode(),
        b",".join(downloads),
    )


def complete() -> bytes:
    """Return the `complete` event, the last one of a stream. `is_complete_id` recognises its id."""
    data = {"type": "complete", "message": "All downloads completed"}
    return _event(f"{COMPLETE_ID_PREFIX}{time.time_ns()}", "complete", data)


def error(message: str) -> bytes:
    """Return an `error` event."""
    return _event(f"error-{time.time_ns()}", "error", {"type": "error", "error": message})


def _event(event_id: str, name: str, data: dict[str, Any]) -> bytes:
    return f"id: {event_id}\nevent: {name}\ndata: {_dumps(data)}\n\n".encode()


def retry(seconds: float) -> bytes:
    """Return a block that only says how many seconds the client waits before it reconnects."""
    return b"retry: %d\n\n" % int(seconds * 1000)


def with_retry(event: bytes, seconds: float) -> bytes:
    """Add the reconnection time, in seconds, to an event as another field."""
    return event[:-1] + retry(seconds)


def comment(text: str) -> bytes:
    """Return a comment. Clients ignore it."""
    return f": {text}\n\n".encode()


def is_complete_id(last_event_id: str) -> bool:
    """Whether a client's Last-Event-ID says that it has seen a `complete`."""
    return last_event_id.startswith(COMPLETE_ID_PREFIX)
