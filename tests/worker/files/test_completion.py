"""What stands under a final name, and what is written down of it, whatever fails and whenever the power does."""

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from downloads_app.errors import NoSpace
from downloads_app.sources import RemoteFile
from downloads_app.worker.files.completion import Completion, Damaged, Outcome
from downloads_app.worker.files.disk import write_all
from downloads_app.worker.files.journal import FileResult
from downloads_app.worker.files.partial_file import PartialFile
from downloads_app.worker.files.storage import Storage
from tests.worker.transfer.transferring import noise

CONTENTS = {f"{'abc'[n % 3]}/{n}.bin": noise(1000 + n) for n in range(7)}


@pytest.fixture
def storage(folder: Path) -> Iterator[Storage]:
    made = Storage(folder)
    made.prepare(CONTENTS)
    yield made
    made.close()


def arrived(storage: Storage, path: str, content: bytes | None = None) -> PartialFile:
    """Return a small file whose bytes are all in memory; `content` is what came instead of the right bytes."""
    right = CONTENTS[path]
    file = PartialFile(RemoteFile(path, f"http://h/{path}", len(right), sha256(right).hexdigest()), storage)
    file.load()
    file.content = [right[:100], right[100:]] if content is None else [content]
    file.kept.add(0, len(right))
    return file


def complete(
    files: list[PartialFile], storage: Storage, must_leave: Callable[[], bool] = lambda: False
) -> dict[str, Outcome]:
    """Complete them together; return the outcomes by path."""
    return {
        f.remote.path: outcome for f, outcome in zip(files, Completion(files, storage, must_leave).run(), strict=True)
    }


def standing(folder: Path) -> dict[str, bytes]:
    """Return what stands under final names."""
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_batch_of_small_files_stands_in_its_places_and_in_the_journal(storage: Storage) -> None:
    outcomes = complete([arrived(storage, path) for path in CONTENTS], storage)
    assert standing(storage.folder) == CONTENTS
    assert outcomes == Storage(storage.folder).read_done()
    assert list(storage.partials.glob("*.data")) == []


def test_of_a_placed_file_nothing_is_written_down_any_more(storage: Storage) -> None:
    file = arrived(storage, next(path for path, content in CONTENTS.items() if content))
    file.content = [b"".join(file.content or ())]
    whole = file.content[0]
    os.pwrite(file.open(), whole, 0)
    file.content = None  # as a large one, on the disk
    assert file.describe() is not None
    complete([file], storage)
    assert standing(storage.folder) == {file.remote.path: whole}
    assert file.describe() is None


def test_a_damaged_file_fails_alone_in_its_batch(storage: Storage) -> None:
    damaged = "b/1.bin"
    files = [arrived(storage, path, bytes(1001) if path == damaged else None) for path in CONTENTS]
    outcomes = complete(files, storage)
    assert isinstance(outcomes[damaged], Damaged)
    assert all(isinstance(outcome, FileResult) for path, outcome in outcomes.items() if path != damaged)
    assert standing(storage.folder) == {path: content for path, content in CONTENTS.items() if path != damaged}
    assert damaged not in Storage(storage.folder).read_done()


def test_a_file_that_the_disk_refuses_fails_alone_in_its_batch(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = "c/2.bin"

    def write_some(descriptor: int, chunks: list[bytes], at: int) -> None:
        if b"".join(chunks) == CONTENTS[refused]:
            raise OSError(errno.ENOSPC, "No space left on device")
        write_all(descriptor, chunks, at)

    monkeypatch.setattr("downloads_app.worker.files.completion.write_all", write_some)
    outcomes = complete([arrived(storage, path) for path in CONTENTS], storage)
    assert isinstance(outcomes[refused], NoSpace)
    assert standing(storage.folder) == {path: content for path, content in CONTENTS.items() if path != refused}


@pytest.mark.parametrize("asked", range(0, 28, 3))
def test_files_that_must_be_left_are_not_placed_any_more(storage: Storage, asked: int) -> None:
    answers = iter([False] * asked)
    outcomes = complete([arrived(storage, path) for path in CONTENTS], storage, lambda: next(answers, True))
    placed = standing(storage.folder)
    assert len(placed) == max(0, asked - 3 * len(CONTENTS))
    assert {path for path, outcome in outcomes.items() if outcome is not None} == set(placed)
    assert set(Storage(storage.folder).read_done()) == set(placed)


class PowerCut(BaseException):
    """Ends everything where it is."""


class Disk:
    """Counts what is asked of the disk, fails at one of it, and remembers what a power cut would leave."""

    def __init__(self, fail_at: int) -> None:
        self.synced_data: set[int] = set()
        """Inodes of files whose bytes are on the disk for good."""
        self.synced_names: set[tuple[int, str]] = set()
        """Names that are, with the inode of their folder."""
        self._left = fail_at

    @contextmanager
    def watching(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Stand before the calls that change what is on the disk."""
        with monkeypatch.context() as patch:
            for name in ("open", "pwritev", "write", "rename", "mkdir", "fsync"):
                patch.setattr(os, name, self._before(name, getattr(os, name)))
            yield

    def _before(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*words: Any, **options: Any) -> Any:
            if self._left == 0:
                raise PowerCut
            self._left -= 1
            answer = call(*words, **options)
            if name == "fsync":
                self._note_sync(words[0])
            return answer

        return counted

    def _note_sync(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        if stat.S_ISDIR(status.st_mode):
            self.synced_names |= {(status.st_ino, name) for name in os.listdir(descriptor)}
        else:
            self.synced_data.add(status.st_ino)


def test_whenever_the_power_is_cut_what_is_named_is_whole_and_what_is_written_down_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instant, was_cut, counts = 0, True, set()
    while was_cut:
        storage = Storage(tmp_path / str(instant) / "main")
        storage.prepare(CONTENTS)
        disk = Disk(fail_at=instant)
        files = [arrived(storage, path) for path in CONTENTS]
        with disk.watching(monkeypatch):
            try:
                complete(files, storage)
                was_cut = False
            except PowerCut:
                pass
        for file in files:
            file.close()
        storage.close()
        for path, content in standing(storage.folder).items():
            assert content == CONTENTS[path]
            assert (storage.folder / path).stat().st_ino in disk.synced_data
        done = Storage(storage.folder).read_done()
        for path in done:
            assert ((storage.folder / path).parent.stat().st_ino, Path(path).name) in disk.synced_names
            assert (storage.folder.stat().st_ino, path.partition("/")[0]) in disk.synced_names
        counts.add((len(standing(storage.folder)), len(done)))
        instant += 1
    assert {(placed, 0) for placed in range(len(CONTENTS) + 1)} <= counts
    assert (len(CONTENTS), len(CONTENTS)) in counts
