"""Sums, checks, syncs and places files in a few threads beside the one that moves bytes."""

import os
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from hashlib import sha256

from downloads_app.worker.hashing import PrefixDigest
from downloads_app.worker.partial_file import PartialFile
from downloads_app.worker.storage import FileResult, Storage, explain_disk, write_all

THREADS = 8
"""Most of them wait for the disk at any time."""
STEP_BYTES = 16 << 20
"""How far the sum falls behind before it is worth a thread's while."""


class Damaged(Exception):
    """The bytes are all here, and are not those that were announced."""


class Finisher:
    """Takes files on by `offer`, hands outcomes back by `collect`; at most one task a file at a time."""

    def __init__(self, storage: Storage, should_stop: Callable[[], bool], may_write: Callable[[], bool]) -> None:
        self._storage = storage
        self._closing = threading.Event()
        self._may_write = may_write
        self._should_stop: Callable[[], bool] = lambda: self._closing.is_set() or should_stop() or not may_write()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="finish")
        self._tasks: dict[Future[FileResult | None], PartialFile] = {}
        self._ended: deque[Future[FileResult | None]] = deque()
        self._taken: dict[PartialFile, bool] = {}

    def has(self, file: PartialFile) -> bool:
        """Whether a file is in the last stage: complete, being checked and placed."""
        return self._taken.get(file, False)

    def offer(self, file: PartialFile) -> bool:
        """Go on with a file's sum, or finish it if it is complete; True if it needs no more fetching."""
        if file in self._taken:
            return self._taken[file]
        if file.is_complete:
            self._submit(file, self._finish, is_last=True)
            return True
        if file.kept.prefix_end() - file.digest.position >= STEP_BYTES:
            end = file.kept.prefix_end()
            self._submit(file, partial(self._follow, end), is_last=False)
        return False

    def adopt_existing(self, file: PartialFile) -> bool:
        """Check a file that stands under its final name already, if it could be the wanted one."""
        remote, status = file.remote, self._storage.stat_final(file.remote.path)
        if status is None or remote.sha256 is None or status.st_size != remote.size_bytes:
            return False
        self._submit(file, self._check_existing, is_last=True)
        return True

    def _submit(self, file: PartialFile, work: Callable[[PartialFile], FileResult | None], *, is_last: bool) -> None:
        self._taken[file] = is_last
        task = self._pool.submit(work, file)
        self._tasks[task] = file
        task.add_done_callback(self._ended.append)

    def collect(self) -> Iterator[tuple[PartialFile, FileResult | Damaged]]:
        """Yield what has ended; raises NoSpace or Conflict for what the disk refused."""
        while self._ended:
            task = self._ended.popleft()
            file = self._tasks.pop(task)
            del self._taken[file]
            try:
                result = task.result()
            except Damaged as damaged:
                yield file, damaged
                continue
            if result is not None:
                yield file, result
            else:
                self.offer(file)

    def wait(self, seconds: float) -> None:
        """Wait until something has ended, at most for `seconds`."""
        if self._tasks:
            wait(self._tasks, timeout=seconds, return_when=FIRST_COMPLETED)
        else:
            self._closing.wait(seconds)

    def close(self) -> None:
        """Stop the threads. Small files that are here in memory are still placed, large ones left as they are."""
        self._closing.set()
        self._pool.shutdown()

    def _must_leave(self, file: PartialFile) -> bool:
        return self._should_stop() if file.content is None else not self._may_write()

    def _follow(self, end: int, file: PartialFile) -> None:
        with explain_disk(file.remote.path):
            file.digest.follow(file.open(), end, self._should_stop)

    def _finish(self, file: PartialFile) -> FileResult | None:
        total = file.total_bytes
        assert total is not None
        found = self._sum_content(file) if file.content is not None else self._sum_data(file, total)
        expected = file.remote.sha256
        if self._must_leave(file):
            return None
        if expected is not None and found != expected:
            raise Damaged(f"its SHA-256 is {found}, {expected} is expected")
        with explain_disk(file.remote.path):
            descriptor = file.open()
            if file.content is not None:
                write_all(descriptor, file.content, 0)
            os.fsync(descriptor)
        if self._must_leave(file):
            return None
        result = FileResult(found, total, file.validator)
        self._storage.place(file.remote.path, result)
        return result

    def _sum_content(self, file: PartialFile) -> str:
        return sha256(b"".join(file.content or ())).hexdigest()

    def _sum_data(self, file: PartialFile, total: int) -> str:
        """Follow to the end, usually a short way; what lies behind the end is of an older, longer content."""
        self._follow(total, file)
        if file.digest.position != total and not self._should_stop():
            raise Damaged(f"{file.digest.position} of its {total} bytes could be read back")
        with explain_disk(file.remote.path):
            descriptor = file.open()
            if os.fstat(descriptor).st_size != total:
                os.ftruncate(descriptor, total)
        return file.digest.hexdigest()

    def _check_existing(self, file: PartialFile) -> FileResult | None:
        remote = file.remote
        assert remote.size_bytes is not None
        digest = PrefixDigest()
        descriptor = self._storage.open_final(remote.path)
        try:
            with explain_disk(remote.path):
                digest.follow(descriptor, remote.size_bytes, self._should_stop)
        finally:
            os.close(descriptor)
        if digest.hexdigest() != remote.sha256:
            return None
        return FileResult(digest.hexdigest(), remote.size_bytes, f"sha256:{remote.sha256}")
