"""Who places small files: the moving thread where the disk is quick, threads beside it where it is not."""

import threading
import time
from pathlib import Path

import pytest

from downloads_app.errors import SourceError
from downloads_app.worker.files.completion import Completion, Outcome
from downloads_app.worker.files.partial_file import PartialFile
from downloads_app.worker.transfer.transfer import Stopped
from tests.support.file_server import Fault, FileServer
from tests.support.server import wait_until
from tests.worker.transfer.transferring import Run, noise


def watch_completions(monkeypatch: pytest.MonkeyPatch, lasting_seconds: float = 0.0) -> list[bool]:
    """Return a list of who places each batch of files, as it will be: True for the thread of this test."""
    run, by_mover, mover = Completion.run, list[bool](), threading.get_ident()

    def watched(self: Completion) -> list[Outcome]:
        by_mover.append(threading.get_ident() == mover)
        time.sleep(lasting_seconds * len(self._going))  # a disk that has become slow
        return run(self)

    monkeypatch.setattr(Completion, "run", watched)
    return by_mover


def set_disk(monkeypatch: pytest.MonkeyPatch, sync_seconds: float) -> None:
    """Let the disk seem so quick when it is tried."""
    monkeypatch.setattr("downloads_app.worker.files.storage.measure_sync", lambda folder: sync_seconds)


@pytest.mark.parametrize(("sync_seconds", "is_quick"), [(0.00001, True), (0.01, False)])
def test_only_where_the_disk_is_quick_the_moving_thread_places_small_files_itself(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch, sync_seconds: float, is_quick: bool
) -> None:
    set_disk(monkeypatch, sync_seconds)
    monkeypatch.setattr(
        "downloads_app.worker.files.finishing.SLOW_SYNC_SECONDS", 60.0
    )  # whatever this machine's disk does
    by_mover = watch_completions(monkeypatch)
    files = [server.put(f"{number % 3}/f{number}", noise(2000 + number)) for number in range(100)]
    run = Run(server, files, folder)
    run.finish()
    assert set(by_mover) == {is_quick}
    assert len(by_mover) < len(files) / 2
    assert len(run.done) == len(files)
    assert all((folder / file.path).read_bytes() == server.files[file.path] for file in files)


def test_larger_files_are_left_to_the_threads_also_where_the_disk_is_quick(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_disk(monkeypatch, 0.00001)
    by_mover = watch_completions(monkeypatch)
    Run(server, [server.put(f"f{number}", noise(200_000 + number)) for number in range(10)], folder).finish()
    assert set(by_mover) == {False}


def test_a_disk_that_becomes_slow_is_left_to_the_threads(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_disk(monkeypatch, 0.00001)
    by_mover = watch_completions(monkeypatch, lasting_seconds=0.01)
    Run(server, [server.put(f"f{number}", noise(2000 + number)) for number in range(60)], folder).finish()
    assert by_mover.count(True) == 1
    assert by_mover.count(False) > 0


def test_a_right_that_is_lost_within_a_batch_ends_the_transfer_where_the_moving_thread_places(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_disk(monkeypatch, 0.00001)
    by_mover, is_lost = watch_completions(monkeypatch), threading.Event()
    write = Completion._write

    def write_and_lose(self: Completion, file: PartialFile) -> None:
        write(self, file)
        is_lost.set()  # the right is lost when the batch's first file is written, whoever is how quick

    monkeypatch.setattr(Completion, "_write", write_and_lose)
    run = Run(server, [server.put(f"f{number}", noise(2000 + number)) for number in range(100)], folder)
    run.may_write_when(lambda: not is_lost.is_set())
    with pytest.raises(Stopped):
        run.finish()
    assert by_mover[0]
    assert not list(folder.iterdir())


@pytest.mark.parametrize("sync_seconds", [0.00001, 0.01])
def test_a_file_that_stays_damaged_fails_the_download_and_leaves_the_others_of_its_batch_in_place(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch, sync_seconds: float
) -> None:
    set_disk(monkeypatch, sync_seconds)
    files = [server.put(f"f{number}", noise(2000 + number)) for number in range(12)]

    def wait_for_others() -> None:
        wait_until(lambda: {seen.path for seen in server.requests} >= {file.path for file in files})

    damaged = Fault(body=bytes(2005), before=wait_for_others)
    server.fail("f5", *[damaged] * 4)
    with pytest.raises(SourceError, match=r"f5: its SHA-256 is .* is expected"):
        Run(server, files, folder).finish()
    assert not (folder / "f5").exists()
    standing = {file.name for file in folder.iterdir()}
    assert standing == {file.path for file in files if file.path != "f5"}
