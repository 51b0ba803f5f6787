"""How a file is completed: its bytes are summed, compared, synced to the disk and put in their place."""

import os
from collections.abc import Callable
from hashlib import sha256

from downloads_app.sources import RemoteFile
from downloads_app.worker.disk import explain_disk, start_writeback, write_all
from downloads_app.worker.hashing import PrefixDigest
from downloads_app.worker.partial_file import PartialFile
from downloads_app.worker.storage import FileResult, Storage


class Damaged(Exception):
    """The bytes are all here, and are not those that were announced."""


def follow(file: PartialFile, end: int, should_stop: Callable[[], bool]) -> None:
    """Sum on up to `end`, and let the disk begin with these bytes: the last sync is then a short one."""
    begin = file.digest.position
    with explain_disk(file.remote.path):
        descriptor = file.open()
        start_writeback(descriptor, begin, end - begin)
        file.digest.follow(descriptor, end, should_stop)


def complete(file: PartialFile, storage: Storage, must_leave: Callable[[], bool]) -> FileResult | None:
    """Check a file and place it; None where it had to be left before that. Raises Damaged.

    1. the sum of all its bytes, compared with the expected one
    2. the bytes on the disk for good (fsync)
    3. only then the final name
    """
    total, expected = file.total_bytes, file.remote.sha256
    assert total is not None
    found = _sum_content(file) if file.content is not None else _sum_data(file, total, must_leave)
    if must_leave():
        return None
    if expected is not None and found != expected:
        raise Damaged(f"its SHA-256 is {found}, {expected} is expected")
    with explain_disk(file.remote.path):
        is_new = file.descriptor < 0
        descriptor = file.open()
        if file.content is not None:
            write_all(descriptor, file.content, 0)
        if not is_new and os.fstat(descriptor).st_size != total:
            os.ftruncate(descriptor, total)  # the rest of an older, longer content
        os.fsync(descriptor)
        modified_ns = os.fstat(descriptor).st_mtime_ns
    if must_leave():
        return None
    result = FileResult(found, total, file.validator)
    storage.place(file.remote.path, result, modified_ns)
    file.close()
    return result


def check_existing(remote: RemoteFile, storage: Storage, should_stop: Callable[[], bool]) -> FileResult | None:
    """Sum a file that stands under its final name already; None where it is not the wanted one."""
    assert remote.size_bytes is not None
    digest = PrefixDigest()
    descriptor = storage.open_final(remote.path)
    try:
        with explain_disk(remote.path):
            digest.follow(descriptor, remote.size_bytes, should_stop)
    finally:
        os.close(descriptor)
    if digest.hexdigest() != remote.sha256:
        return None
    return FileResult(digest.hexdigest(), remote.size_bytes, f"sha256:{remote.sha256}")


def _sum_content(file: PartialFile) -> str:
    return sha256(b"".join(file.content or ())).hexdigest()


def _sum_data(file: PartialFile, total: int, must_leave: Callable[[], bool]) -> str:
    """Sum what is left, usually a short way."""
    follow(file, total, must_leave)
    if file.digest.position != total and not must_leave():
        raise Damaged(f"only {file.digest.position} of its {total} bytes could be read back")
    return file.digest.hexdigest()
