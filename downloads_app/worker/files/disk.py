"""Disk operations, and the disk's errors as errors of ours."""

import ctypes
import errno
import logging
import os
import time
from functools import lru_cache
from pathlib import Path

from downloads_app.errors import DISK_IS_FULL, Conflict, NoSpace, Passing, TooManyFiles
from downloads_app.modes import FILE_MODE
from downloads_app.services.files.folders import free_bytes
from downloads_app.sources.descriptors import SHORT

log = logging.getLogger(__name__)

_MAX_PARTS = 1024
"""The most parts that one `pwritev` takes (IOV_MAX)."""
_FULL = (errno.ENOSPC, errno.EDQUOT)
_PASSING = (
    errno.EAGAIN,
    errno.EBUSY,
    errno.EINTR,
    errno.EIO,
    errno.ENOENT,
    errno.ENOMEM,
    errno.ENOTCONN,
    errno.EREMOTEIO,
    errno.EROFS,
    errno.ESHUTDOWN,
    errno.ESTALE,
    errno.ETIMEDOUT,
)
"""The errors of disks that are away, and of folders that somebody replaced or removed: they are made anew."""
_UNABLE = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EPERM, errno.EBADF)
"""The errors by which filesystems refuse an operation that they do not support."""
_libc = ctypes.CDLL(None)  # Python's os has no sync_file_range
_SYNC_FILE_RANGE_WRITE = 2


class explain_disk:  # noqa: N801 - used like a function; a generator would take ten times as long
    """Turn the disk's errors within a `with` into NoSpace, Passing or Conflict, which name `what`."""

    __slots__ = ("_what",)

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: object) -> None:
        if not isinstance(exc, OSError):
            return
        if exc.errno in _FULL:
            raise NoSpace(f"{self._what}{DISK_IS_FULL} ({exc.strerror})") from exc
        if exc.errno in SHORT:
            raise TooManyFiles(f"{self._what}: too many open files") from exc
        if exc.errno in _PASSING:
            raise Passing(f"{self._what}: {exc.strerror}") from exc
        if exc.errno in (errno.ELOOP, errno.ENOTDIR):
            raise Conflict(f"{self._what}: a folder on the way is a symbolic link or a file") from exc
        raise Conflict(f"{self._what}: {exc.strerror}") from exc


def open_own(file: Path | str, flags: int) -> int:
    """Open a file of ours for writing, and create it if needed. The caller closes the descriptor.

    A file with a second name (hard link) also belongs to another download: a killed process has left the link. Then
    the content stays under the other name, and a new empty file takes this name.
    """
    wanted = flags | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
    try:
        return os.open(file, wanted | os.O_EXCL, FILE_MODE)  # a new file has one name and is empty: most are new
    except FileExistsError:
        descriptor = os.open(file, wanted & ~os.O_TRUNC, FILE_MODE)
    if os.fstat(descriptor).st_nlink > 1:
        os.close(descriptor)
        Path(file).unlink()
        return os.open(file, wanted | os.O_EXCL, FILE_MODE)
    if flags & os.O_TRUNC:
        os.ftruncate(descriptor, 0)
    return descriptor


def write_all(descriptor: int, chunks: list[bytes], at: int) -> None:
    """Write all of `chunks` from `at` on, in several calls if needed: a nearly full disk takes only a part."""
    if len(chunks) > _MAX_PARTS:
        chunks = [b"".join(chunks)]
    written = os.pwritev(descriptor, chunks, at)
    wanted = sum(map(len, chunks))
    if written < wanted:
        rest = memoryview(b"".join(chunks))
        while written < wanted:
            written += os.pwrite(descriptor, rest[written:], at + written)


def sync(descriptor: int) -> None:
    """Sync a file or a folder to the disk. If the filesystem cannot do that, log a warning."""
    try:
        os.fsync(descriptor)
    except OSError as exc:
        if exc.errno not in _UNABLE:
            raise
        _warn_once("the filesystem cannot sync (%s): a power cut may cost what was fetched last", exc.strerror or "")


@lru_cache(maxsize=16)
def _warn_once(text: str, reason: str) -> None:
    log.warning(text, reason)


def start_writeback(descriptor: int, start: int, length: int) -> None:
    """Let the kernel begin to write a part of a file to the disk, without waiting for it."""
    _libc.sync_file_range(descriptor, ctypes.c_int64(start), ctypes.c_int64(length), _SYNC_FILE_RANGE_WRITE)


def measure_sync(folder: Path) -> float:
    """Return how many seconds the disk takes to sync a few bytes."""
    probe = folder / "probe"
    begun_at = time.monotonic()
    descriptor = open_own(probe, os.O_WRONLY)
    try:
        os.write(descriptor, b"probe")
        sync(descriptor)
        return time.monotonic() - begun_at
    finally:
        os.close(descriptor)
        probe.unlink()


def add_numbers(error: NoSpace, folder: Path, missing_bytes: int) -> NoSpace:
    """Return the error of a full disk with the numbers; `missing_bytes` is 0 where nobody knows them."""
    told = f"{missing_bytes:,} bytes are missing" if missing_bytes else "nobody knows how many bytes are missing"
    return NoSpace(f"{error.message}: {told}, {free_bytes(folder):,} bytes are free")
