"""One event as bytes: the only file that knows the stream's wire format.

Server-Sent Events as in WHATWG HTML, section 9.2; the events' fields and messages are fixed from outside.
"""

import json
import time
from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, Protocol

DATABASE_ERROR = "Failed to get downloads: Database error"
KEEP_ALIVE = b": keep-alive\n\n"
COMPLETE_ID_PREFIX = "complete-"
_dumps = json.JSONEncoder(separators=(",", ":")).encode


class DownloadRow(Protocol):
    """What an event tells of a download: a row of the table, or of a query of these columns."""

    id: Any
    user_id: Any
    provider_id: Any
    repository_id: Any
    status: Any
    current_bytes: Any
    total_bytes: Any
    current_file: Any
    total_files: Any
    files_completed: Any
    download_speed: Any
    eta_seconds: Any
    started_at: Any
    created_at: Any
    updated_at: Any


values_of = attrgetter(*DownloadRow.__annotations__)
"""Returns the values of a row in the order in which `encode_download` takes them."""


def format_time(value: datetime | str | None) -> str | None:
    """Return a UTC time, given as such or as a database writes it, to the second and with `Z`."""
    return None if value is None else _quote_time(value)[1:-1]


def _quote_time(value: datetime | str) -> str:
    text = str(value)
    return f'"{text[:10]}T{text[11:19]}Z"'


def download_to_wire(row: DownloadRow) -> dict[str, Any]:
    """Return the nine keys of a download, in their order; what is unknown is None."""
    return {
        "id": row.id,
        "user_id": row.user_id,
        "provider_id": row.provider_id,
        "repository_id": row.repository_id,
        "status": row.status,
        "progress_data": {
            "current_bytes": row.current_bytes,
            "total_bytes": row.total_bytes,
            "current_file": row.current_file,
            "total_files": row.total_files,
            "files_completed": row.files_completed,
            "download_speed": row.download_speed,
            "eta_seconds": row.eta_seconds,
        },
        "started_at": format_time(row.started_at),
        "created_at": format_time(row.created_at),
        "updated_at": format_time(row.updated_at),
    }


def encode_download(row: Sequence[Any]) -> bytes:
    """Return `download_to_wire` as JSON text, one line; shared by all frames that show it.

    `row` holds the values of a DownloadRow in its order (see `values_of`); times may be text as a database writes it.
    Written out it takes a fifth of the encoder's time, and every changed row passes here. Only a file's name can
    hold what JSON must escape.
    """
    (
        download_id,
        user_id,
        provider_id,
        repository_id,
        status,
        current_bytes,
        total_bytes,
        current_file,
        total_files,
        files_completed,
        download_speed,
        eta_seconds,
        started_at,
        created_at,
        updated_at,
    ) = row
    text = (
        f'{{"id":"{download_id}","user_id":"{user_id}","provider_id":"{provider_id}","repository_id":"{repository_id}",'
        f'"status":"{status}","progress_data":{{"current_bytes":{current_bytes},'
        f'"total_bytes":{"null" if total_bytes is None else total_bytes},'
        f'"current_file":{"null" if current_file is None else _dumps(current_file)},'
        f'"total_files":{"null" if total_files is None else total_files},"files_completed":{files_completed},'
        f'"download_speed":{download_speed},"eta_seconds":{"null" if eta_seconds is None else eta_seconds}}},'
        f'"started_at":{"null" if started_at is None else _quote_time(started_at)},'
        f'"created_at":{_quote_time(created_at)},"updated_at":{_quote_time(updated_at)}}}'
    )
    return text.encode("ascii")


def update(downloads: Iterable[bytes], version: str) -> bytes:
    """Return an `update` of encoded downloads; `version` changes when they do."""
    return b'id: %b\nevent: update\ndata: {"type":"update","downloads":[%b]}\n\n' % (
        version.encode(),
        b",".join(downloads),
    )


def complete() -> bytes:
    """Return the event after which nothing comes; its id is known again by `is_complete_id`."""
    data = {"type": "complete", "message": "All downloads completed"}
    return _event(f"{COMPLETE_ID_PREFIX}{time.time_ns()}", "complete", data)


def error(message: str) -> bytes:
    """Return an `error` event."""
    return _event(f"error-{time.time_ns()}", "error", {"type": "error", "error": message})


def _event(event_id: str, name: str, data: dict[str, Any]) -> bytes:
    return f"id: {event_id}\nevent: {name}\ndata: {_dumps(data)}\n\n".encode()


def retry(seconds: float) -> bytes:
    """Return a block that only tells how long to wait before the next connection."""
    return b"retry: %d\n\n" % int(seconds * 1000)


def with_retry(event: bytes, seconds: float) -> bytes:
    """Add the reconnection time to an event, as a further field of it."""
    return event[:-1] + retry(seconds)


def comment(text: str) -> bytes:
    """Return a comment, which clients pass over."""
    return f": {text}\n\n".encode()


def is_complete_id(last_event_id: str) -> bool:
    """Whether a client's Last-Event-ID says that it has seen a `complete`."""
    return last_event_id.startswith(COMPLETE_ID_PREFIX)
