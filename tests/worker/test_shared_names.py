"""A file with a second name is somebody else's too: whatever a killed worker left, it is never written to."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from downloads_app.services.files.partials import key_of
from downloads_app.sources import RemoteFile
from downloads_app.worker.files.disk import measure_sync
from downloads_app.worker.files.journal import FileResult, Journal, Placed
from downloads_app.worker.files.partial_file import PartialFile
from downloads_app.worker.files.storage import SideFile, Storage, link_existing

CONTENT = b"another user's finished file"
NAME = "model.bin"


@pytest.fixture
def storage(folder: Path) -> Storage:
    made = Storage(folder)
    made.prepare([])
    return made


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    """A file that another user has downloaded."""
    file = tmp_path / "victim.bin"
    file.write_bytes(CONTENT)
    return file


def write_data(storage: Storage) -> None:
    os.close(storage.open_partial(NAME, keep=False))


def write_data_to_resume(storage: Storage) -> None:
    descriptor = storage.open_partial(NAME, keep=True)
    os.pwrite(descriptor, b"new", 0)
    os.close(descriptor)


def write_side_file(storage: Storage) -> None:
    storage.write_side_file(NAME, SideFile("etag:x", 10, [(0, 3)]))


def write_journal(storage: Storage) -> None:
    journal = Journal(storage.partials)
    journal.add([Placed(NAME, FileResult("ab" * 32, 3, "etag:x"), 1)])
    journal.close()


def probe_disk(storage: Storage) -> None:
    measure_sync(storage.partials)


@pytest.mark.parametrize(
    ("name", "write"),
    [
        (f"{key_of(NAME)}.data", write_data),
        (f"{key_of(NAME)}.data", write_data_to_resume),
        (f"{key_of(NAME)}.draft", write_side_file),
        ("done.jsonl", write_journal),
        ("probe", probe_disk),
    ],
)
def test_whatever_is_written_another_name_keeps_its_bytes(
    storage: Storage, victim: Path, name: str, write: Callable[[Storage], None]
) -> None:
    os.link(victim, storage.partials / name)
    write(storage)
    assert victim.read_bytes() == CONTENT
    assert victim.stat().st_nlink == 1


def test_a_link_that_a_killed_worker_left_is_not_taken_for_bytes_to_keep(storage: Storage, victim: Path) -> None:
    write_side_file(storage)
    os.link(victim, storage.partials / f"{key_of(NAME)}.data")
    assert Storage(storage.folder).read_side_file(NAME) is None
    file = PartialFile(RemoteFile(NAME, "http://x/", 10, None), Storage(storage.folder))
    file.load()
    file.close()
    assert file.kept.total() == 0


def test_a_worker_killed_between_link_and_rename_leaves_nothing_that_is_written_to(
    storage: Storage, victim: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException): ...

    def die(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("downloads_app.worker.files.target_folder.os.rename", die)
        with pytest.raises(Killed):
            link_existing(victim, storage.folder, NAME)
    descriptor = storage.open_partial(NAME, keep=False)
    os.pwrite(descriptor, b"new", 0)
    os.close(descriptor)
    assert victim.read_bytes() == CONTENT


def test_a_symbolic_link_under_the_name_of_a_partial_file_is_not_followed(storage: Storage, victim: Path) -> None:
    (storage.partials / f"{key_of(NAME)}.data").symlink_to(victim)
    with pytest.raises(Exception, match="symbolic link"):
        storage.open_partial(NAME, keep=False)
    assert victim.read_bytes() == CONTENT
