"""Completes files: sums their bytes, compares the sum, syncs them to the disk and gives them their final names."""

import os
from collections.abc import Callable, Sequence
from hashlib import sha256

from downloads_app.errors import DownloadsError
from downloads_app.sources import RemoteFile
from downloads_app.worker.files.disk import explain_disk, start_writeback, sync, write_all
from downloads_app.worker.files.first_bytes import is_never_empty
from downloads_app.worker.files.hashing import PrefixDigest
from downloads_app.worker.files.journal import FileResult, Placed
from downloads_app.worker.files.partial_file import PartialFile
from downloads_app.worker.files.storage import Storage
from downloads_app.worker.files.sums import find_broken_promise, find_difference


class Damaged(Exception):
    """All bytes are here, but their sum is not the announced one."""


class _Left(Exception):
    """The work on a file stopped early: there was no time, or the lease was lost."""


Outcome = FileResult | Damaged | DownloadsError | None
"""The result of the work on a file; None: no result yet. A DownloadsError says what the disk refused."""


def follow(file: PartialFile, end: int, should_stop: Callable[[], bool]) -> None:
    """Continue the sum up to `end`, and start to write these bytes to the disk: then the last sync is short."""
    begin = file.digest.position
    with explain_disk(file.remote.path):
        descriptor = file.open()
        start_writeback(descriptor, begin, end - begin)
        file.digest.follow(descriptor, end, should_stop)


class Completion:
    """Checks and places several files, each step for all of them: some steps cost the same for many as for one.

    If a step fails for a file, the error is its outcome. The other files go on.
    """

    def __init__(
        self,
        files: Sequence[PartialFile],
        storage: Storage,
        must_leave: Callable[[], bool],
        may_write: Callable[[], bool] = lambda: True,
    ) -> None:
        self._storage, self._must_leave, self._may_write = storage, must_leave, may_write
        self._outcomes: dict[PartialFile, Outcome] = dict.fromkeys(files)
        self._going = list(files)
        self._results: dict[PartialFile, FileResult] = {}

    def run(self) -> list[Outcome]:
        """Return the outcomes in the files' order.

        1. Sum all bytes of each file, and compare the sum with the expected one.
        2. Sync the bytes to the disk. All writes start before we wait for the first.
        3. Only then give each file its final name.
        """
        self._each(self._check)
        self._each(self._write)
        self._each(self._sync)
        with self._storage.placing(self._may_write) as place:
            self._each(lambda file: self._place(file, place))
        self._outcomes |= {file: self._results[file] for file in self._going}
        return list(self._outcomes.values())

    def _each(self, step: Callable[[PartialFile], None]) -> None:
        """Do a step for each file that has no outcome yet. Touch no file any more once the work must stop."""
        files, self._going = self._going, []
        for file in files:
            if self._must_leave():
                return
            try:
                step(file)
                self._going.append(file)
            except (Damaged, DownloadsError) as fault:
                self._outcomes[file] = fault
            except _Left:
                return

    def _check(self, file: PartialFile) -> None:
        found = _sum_content(file) if file.content is not None else _sum_data(file, self._must_leave)
        with explain_disk(file.remote.path):
            content = file.content[0] if file.content is not None else file.open()
            difference = find_difference(file.remote, found, content, file.total_bytes or 0)
            if difference is None and not file.remote.vouching_sum:
                difference = find_broken_promise(file.offered | file.linked, found, content, file.total_bytes or 0)
        if difference is None and file.total_bytes == 0 and file.remote.size_bytes is None:
            difference = "the server sent no byte of it" if is_never_empty(file.remote.path) else None
        if difference is not None:
            raise Damaged(difference)
        self._results[file] = FileResult(found, file.total_bytes or 0, file.validator)

    def _write(self, file: PartialFile) -> None:
        with explain_disk(file.remote.path):
            is_new, total = file.descriptor < 0, file.total_bytes or 0
            descriptor = file.open()
            if file.content is not None:
                write_all(descriptor, file.content, 0)
                start_writeback(descriptor, 0, total)
            if not is_new and os.fstat(descriptor).st_size != total:
                os.ftruncate(descriptor, total)  # the rest of an older, longer content

    def _sync(self, file: PartialFile) -> None:
        with explain_disk(file.remote.path):
            sync(file.descriptor)

    def _place(self, file: PartialFile, place: Callable[[Placed], None]) -> None:
        place(Placed(file.remote.path, self._results[file], os.fstat(file.descriptor).st_mtime_ns))
        file.retire()


def check_existing(remote: RemoteFile, storage: Storage, should_stop: Callable[[], bool]) -> FileResult | None:
    """Sum a file that already has its final name. None if it is not the wanted one, or if there was no time."""
    digest = PrefixDigest()
    descriptor = storage.target.open(remote.path)
    try:
        with explain_disk(remote.path):
            size_bytes = os.fstat(descriptor).st_size
            digest.follow(descriptor, size_bytes, should_stop)
            if digest.position != size_bytes:
                return None
            difference = find_difference(remote, digest.hexdigest(), descriptor, size_bytes)
    finally:
        os.close(descriptor)
    return None if difference else FileResult(digest.hexdigest(), size_bytes, remote.vouching_sum)


def _sum_content(file: PartialFile) -> str:
    file.content = [b"".join(file.content or ())]
    return sha256(file.content[0]).hexdigest()


def _sum_data(file: PartialFile, must_leave: Callable[[], bool]) -> str:
    """Sum the rest of the bytes (usually few), and return the sum."""
    total = file.total_bytes or 0
    follow(file, total, must_leave)
    if file.digest.position != total:
        if must_leave():
            raise _Left
        raise Damaged(f"only {file.digest.position} of its {total} bytes could be read back")
    return file.digest.hexdigest()
