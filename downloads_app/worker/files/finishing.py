"""The threads that sum, sync and place files beside the moving thread, and which file each of them has."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from downloads_app.errors import DownloadsError, TooManyFiles
from downloads_app.worker.files.completion import Completion, Damaged, Outcome, check_existing, follow
from downloads_app.worker.files.partial_file import PartialFile
from downloads_app.worker.files.storage import FileResult, SideFile, Storage, find_in_place

THREADS = 8
"""More than there are cores: most of them wait for the disk."""
STEP_BYTES = 4 << 20
"""A thread continues a file's sum when at least so many bytes are waiting."""
BATCH_FILES, CROWD_FILES = 16, 32
"""How many small files a thread gets at once, and how many may wait before another thread joins.

On a quick disk, threads would only wait for each other. On a slow one they wait for it at the same time.
"""

QUICK_SYNC_SECONDS, SLOW_SYNC_SECONDS = 0.0005, 0.005
"""If a sync takes less than 0.5 ms, the moving thread places small files itself: sharing Python's lock with another
thread would cost more. It stops doing so when a batch takes over 5 ms a file."""
LIGHT_BYTES = 128 << 10
"""If the files of a batch are larger on average, another thread sums them."""


class _Here:
    """An executor that does the work at once, in the calling thread."""

    def submit(self, work: Callable[[], list[Outcome]]) -> Future[list[Outcome]]:
        task: Future[list[Outcome]] = Future()
        task.set_result(work())
        return task


class Finisher:
    """Takes files by `offer` and `save`, and returns their outcomes by `collect`."""

    def __init__(self, storage: Storage, should_stop: Callable[[], bool], may_write: Callable[[], bool]) -> None:
        self._storage = storage
        self._closing = threading.Event()
        self._may_write = may_write
        self._should_stop: Callable[[], bool] = lambda: self._closing.is_set() or should_stop() or not may_write()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="finish")
        self._tasks: dict[Future[list[Outcome]], tuple[list[PartialFile], set[PartialFile]]] = {}
        self._summing: set[PartialFile] = set()
        self._saving: set[PartialFile] = set()
        self._last: set[PartialFile] = set()
        """Files that are being checked and placed. Nothing else happens to them at this time."""
        self._is_short = False
        self._ended: deque[Future[list[Outcome]]] = deque()
        self._small: list[PartialFile] = []
        self._small_tasks: set[Future[list[Outcome]]] = set()

    def use_fewer(self) -> None:
        """Complete one file after another from now on, after the process had too many open files."""
        self._is_short = True

    def is_busy_with(self, file: PartialFile) -> bool:
        """Whether a thread may be using a file."""
        return file in self._last or file in self._summing or file in self._saving

    def has(self, file: PartialFile) -> bool:
        """Whether a file is in its last stage."""
        return file in self._last

    def offer(self, file: PartialFile) -> bool:
        """Continue a file's sum, or complete the file if it is all here. Return True if it needs no more fetching."""
        if file in self._last:
            return True
        if file.is_complete:
            if file not in self._summing and file not in self._saving:
                self._begin_last(file)
            return True
        end = file.kept.prefix_end()
        if file not in self._summing and end - file.digest.position >= STEP_BYTES:
            self._submit([file], self._summing, lambda: self._sum(file, end))
        return False

    def _begin_last(self, file: PartialFile) -> None:
        if self._is_short and self._last:
            return  # it is offered again
        if file.content is None:
            self._submit([file], self._last, lambda: self._complete([file], self._should_stop))
            return
        self._last.add(file)
        self._small.append(file)
        self._begin_small_if_due()

    def _begin_small_if_due(self) -> None:
        if self._is_short or len(self._small) >= (CROWD_FILES if self._small_tasks else BATCH_FILES):
            self.begin_small()

    def begin_small(self) -> None:
        """Start work on the small files collected so far: to wake a thread for each costs more than its work."""
        if self._small:
            files, self._small = self._small, []
            executor = _Here() if self._is_light(files) else self._pool
            task = self._submit(files, self._last, lambda: self._complete_small(files), executor)
            self._small_tasks.add(task)

    def _is_light(self, files: list[PartialFile]) -> bool:
        """Whether the moving thread places these files itself; see QUICK_SYNC_SECONDS."""
        is_quick = self._storage.sync_seconds < QUICK_SYNC_SECONDS and not self._closing.is_set()
        return is_quick and sum(file.total_bytes or 0 for file in files) < len(files) * LIGHT_BYTES

    def _complete_small(self, files: list[PartialFile]) -> list[Outcome]:
        begun_at = time.monotonic()
        outcomes = self._complete(files, self._has_lost)
        seconds_each = (time.monotonic() - begun_at) / len(files)
        if seconds_each > SLOW_SYNC_SECONDS:
            self._storage.sync_seconds = seconds_each
        return outcomes

    def adopt_existing(self, file: PartialFile) -> bool:
        """Check a file that already has its final name, if its sum can show that it is the wanted one."""
        remote = file.remote
        if find_in_place(remote, self._storage) is None:
            return False

        def check() -> list[Outcome]:
            found = check_existing(remote, self._storage, self._should_stop)
            file.was_in_place = found is not None
            return [found]

        self._submit([file], self._last, check)
        return True

    def save(self, file: PartialFile) -> None:
        """Write a side-file that says which bytes are here, if this has changed."""
        if file in self._saving or file in self._last:
            return
        known, generation = file.describe(), file.generation
        if known is not None:
            self._submit([file], self._saving, lambda: self._save(file, known, generation))

    def collect(self) -> Iterator[tuple[PartialFile, FileResult | Damaged | TooManyFiles]]:
        """Yield the files whose work has ended. Raises NoSpace, Passing or Conflict if the disk refused something.

        Offer a file again if its outcome is TooManyFiles.
        """
        refusal: DownloadsError | None = None
        for _ in range(len(self._ended)):  # later ends wait for the next call: the caller has other work
            task = self._ended.popleft()
            files, stage = self._tasks.pop(task)
            self._small_tasks.discard(task)
            stage.difference_update(files)
            for file, outcome in zip(files, task.result(), strict=True):
                if isinstance(outcome, TooManyFiles):
                    yield file, outcome
                elif isinstance(outcome, DownloadsError):
                    refusal = outcome
                elif outcome is not None:
                    yield file, outcome
                else:
                    self.offer(file)
        self._begin_small_if_due()
        if refusal is not None:
            raise refusal

    def wait(self, seconds: float) -> None:
        """Wait until something has ended, at most for `seconds`."""
        if self._tasks:
            wait(self._tasks, timeout=seconds, return_when=FIRST_COMPLETED)
        else:
            self._closing.wait(seconds)

    def close(self) -> None:
        """Stop the threads. Small files that are complete in memory are still placed; large files stay as they are."""
        self._closing.set()
        self.begin_small()
        self._pool.shutdown()

    def _submit(
        self,
        files: list[PartialFile],
        stage: set[PartialFile],
        work: Callable[[], list[Outcome]],
        executor: ThreadPoolExecutor | _Here | None = None,
    ) -> Future[list[Outcome]]:
        def do() -> list[Outcome]:
            try:
                return work()
            except TooManyFiles as fault:
                return [fault] * len(files)

        stage.update(files)
        task = (executor or self._pool).submit(do)
        self._tasks[task] = files, stage
        task.add_done_callback(self._ended.append)
        return task

    def _complete(self, files: list[PartialFile], must_leave: Callable[[], bool]) -> list[Outcome]:
        return Completion(files, self._storage, must_leave, self._may_write).run()

    def _sum(self, file: PartialFile, end: int) -> list[Outcome]:
        follow(file, end, self._should_stop)
        return [None]

    def _save(self, file: PartialFile, known: SideFile, generation: int) -> list[Outcome]:
        file.write_down(known, generation, self._may_write)
        return [None]

    def _has_lost(self) -> bool:
        return not self._may_write()
