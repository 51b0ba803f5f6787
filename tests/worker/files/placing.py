"""Puts bytes into a download's partial files, and gives them their final names."""

import os
from collections.abc import Callable

from downloads_app.worker.files.disk import write_all
from downloads_app.worker.files.journal import FileResult, Placed
from downloads_app.worker.files.storage import Storage

RESULT = FileResult("ab" * 32, 3, "etag:x")


def place(storage: Storage, path: str, modified_ns: int, may_write: Callable[[], bool] = lambda: True) -> None:
    """Move a partial file to its place."""
    with storage.placing(may_write) as put:
        put(Placed(path, RESULT, modified_ns))


def put_data(storage: Storage, path: str, content: bytes) -> int:
    """Write a partial file's data; return the time of its last change."""
    descriptor = storage.open_partial(path)
    write_all(descriptor, [content], 0)
    modified_ns = os.fstat(descriptor).st_mtime_ns
    os.close(descriptor)
    return modified_ns
