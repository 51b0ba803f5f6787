"""The threads beside the one that moves bytes: who of them works at which file."""

import enum
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

from downloads_app.worker.completion import Damaged, check_existing, complete, follow
from downloads_app.worker.partial_file import PartialFile
from downloads_app.worker.storage import FileResult, Storage

THREADS = 8
"""Most of them wait for the disk at any time."""
STEP_BYTES = 16 << 20
"""How far the sum falls behind before it is worth a thread's while."""


class Stage(enum.Enum):
    """What a thread does with a file."""

    SUM = enum.auto()
    """Follows the run of bytes from the beginning with the sum."""
    SAVE = enum.auto()
    """Writes down which bytes are here."""
    LAST = enum.auto()
    """Checks and places it; nothing else happens to it meanwhile."""


class Finisher:
    """Takes files on by `offer` and `save`, hands outcomes back by `collect`."""

    def __init__(self, storage: Storage, should_stop: Callable[[], bool], may_write: Callable[[], bool]) -> None:
        self._storage = storage
        self._closing = threading.Event()
        self._may_write = may_write
        self._should_stop: Callable[[], bool] = lambda: self._closing.is_set() or should_stop() or not may_write()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="finish")
        self._tasks: dict[Future[FileResult | None], tuple[PartialFile, Stage]] = {}
        self._ended: deque[Future[FileResult | None]] = deque()
        self._stages: defaultdict[PartialFile, set[Stage]] = defaultdict(set)

    def has(self, file: PartialFile) -> bool:
        """Whether a file is in its last stage."""
        return file in self._stages and Stage.LAST in self._stages[file]

    def offer(self, file: PartialFile) -> bool:
        """Go on with a file's sum, or complete it if all is here; True if it needs no more fetching."""
        stages = self._stages.get(file, set())
        if Stage.LAST in stages:
            return True
        if file.is_complete:
            if not stages:
                self._submit(file, Stage.LAST, lambda: complete(file, self._storage, self._leaving(file)))
            return True
        end = file.kept.prefix_end()
        if Stage.SUM not in stages and end - file.digest.position >= STEP_BYTES:
            self._submit(file, Stage.SUM, lambda: follow(file, end, self._should_stop))
        return False

    def adopt_existing(self, file: PartialFile) -> bool:
        """Check a file that stands under its final name already, if it could be the wanted one."""
        remote, status = file.remote, self._storage.stat_final(file.remote.path)
        if status is None or remote.sha256 is None or status.st_size != remote.size_bytes:
            return False
        self._submit(file, Stage.LAST, lambda: check_existing(remote, self._storage, self._should_stop))
        return True

    def save(self, file: PartialFile) -> None:
        """Write down which bytes are here, if that is news."""
        if self._stages.get(file, set()) & {Stage.SAVE, Stage.LAST}:
            return
        known, generation = file.describe(), file.generation
        if known is not None:
            self._submit(file, Stage.SAVE, lambda: file.write_down(known, generation, self._may_write))

    def collect(self) -> Iterator[tuple[PartialFile, FileResult | Damaged]]:
        """Yield what has ended; raises NoSpace or Conflict for what the disk refused."""
        while self._ended:
            task = self._ended.popleft()
            file, stage = self._tasks.pop(task)
            self._stages[file].discard(stage)
            if not self._stages[file]:
                del self._stages[file]
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

    def _submit(self, file: PartialFile, stage: Stage, work: Callable[[], FileResult | None]) -> None:
        self._stages[file].add(stage)
        task = self._pool.submit(work)
        self._tasks[task] = file, stage
        task.add_done_callback(self._ended.append)

    def _leaving(self, file: PartialFile) -> Callable[[], bool]:
        return self._should_stop if file.content is None else lambda: not self._may_write()
