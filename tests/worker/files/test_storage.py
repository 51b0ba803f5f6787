"""Where bytes lie, and what survives a crash: side-files, names, links, full disks."""

import errno
import json
import os
from pathlib import Path

import pytest

from downloads_app.errors import Conflict, NoSpace, SourceError
from downloads_app.services.files.folders import free_bytes
from downloads_app.sources import RemoteFile
from downloads_app.worker.files.disk import explain_disk, write_all
from downloads_app.worker.files.folding import folds_names, refuse_collisions
from downloads_app.worker.files.stock import take_stock
from downloads_app.worker.files.storage import (
    SideFile,
    Storage,
    link_existing,
)
from downloads_app.worker.files.target_folder import TargetFolder
from tests.worker.files.placing import place, put_data


def test_a_side_file_is_read_back_as_written(storage: Storage) -> None:
    put_data(storage, "a/b.bin", bytes(100))
    known = SideFile("etag:x", 200, [(0, 50), (60, 100)])
    storage.write_side_file("a/b.bin", known)
    assert Storage(storage.folder).read_side_file("a/b.bin") == known


@pytest.mark.parametrize("text", ["", "{", "[]", '{"validator": "x"}', '{"validator":"x","total_bytes":9,"ranges":5}'])
def test_a_torn_side_file_counts_as_none(storage: Storage, text: str) -> None:
    put_data(storage, "x", bytes(100))
    storage.write_side_file("x", SideFile("etag:x", 200, [(0, 50)]))
    next(storage.partials.glob("*.json")).write_text(text)
    assert Storage(storage.folder).read_side_file("x") is None


def test_a_side_file_that_speaks_of_more_than_is_there_counts_as_none(storage: Storage) -> None:
    put_data(storage, "x", bytes(10))
    storage.write_side_file("x", SideFile("etag:x", 200, [(0, 50)]))
    assert Storage(storage.folder).read_side_file("x") is None


def test_what_a_resume_would_keep_is_counted(storage: Storage) -> None:
    modified_ns = put_data(storage, "x", b"abc")
    place(storage, "x", modified_ns)
    storage.close()
    put_data(storage, "y", bytes(100))
    storage.write_side_file("y", SideFile("etag:x", 200, [(0, 50), (60, 100)]))
    files = [RemoteFile("x", "http://h/x", 3, "ab" * 32), RemoteFile("y", "http://h/y", 200), RemoteFile("z", "u", 5)]
    assert take_stock(storage.folder, files).here_bytes == 3 + 90
    other_content = [
        RemoteFile("x", "http://h/x", 3, "cd" * 32),
        RemoteFile("y", "http://h/y", 200, "cd" * 32),  # its sum is known, and the side-file is of an entity tag
        RemoteFile("y", "http://h/y", 300),
    ]
    assert take_stock(storage.folder, other_content).here_bytes == 0
    begun = [storage.find_begun(file) for file in (*files, *other_content)]
    assert [known and known.kept_bytes for known in begun] == [None, 90, None, None, None, None]


def test_a_file_whose_size_is_not_listed_lacks_nothing_once_it_is_whole(storage: Storage) -> None:
    """Then no quota and no disk can be too small for it."""
    put_data(storage, "y", bytes(100))
    unlisted = [RemoteFile("y", "http://h/y")]
    for kept_bytes, total_bytes, lacks in ((50, 100, True), (100, None, True), (100, 100, False)):
        storage.write_side_file("y", SideFile("etag:x", total_bytes, [(0, kept_bytes)]))
        assert take_stock(storage.folder, unlisted).lacks_unknown is lacks
    assert take_stock(storage.folder, [RemoteFile("z", "u", about_bytes=5)]).lacks_unknown
    assert not take_stock(storage.folder, [RemoteFile("z", "u", 5)]).lacks_unknown


@pytest.mark.parametrize("obstacle", ["link", "file"])
def test_a_folder_that_is_a_link_or_a_file_is_not_entered(storage: Storage, tmp_path: Path, obstacle: str) -> None:
    (tmp_path / "outside").mkdir()
    if obstacle == "link":
        (storage.folder / "a").symlink_to(tmp_path / "outside")
    else:
        (storage.folder / "a").write_text("in the way")
    modified_ns = put_data(storage, "a/x", b"abc")
    with pytest.raises(Conflict, match="a/x"):
        place(storage, "a/x", modified_ns)
    assert list((tmp_path / "outside").iterdir()) == []


def test_a_link_under_the_final_name_is_replaced_not_followed(storage: Storage, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (storage.folder / "x").symlink_to(victim)
    assert storage.target.stat("x") is None
    modified_ns = put_data(storage, "x", b"abc")
    place(storage, "x", modified_ns)
    storage.close()
    assert victim.read_text() == "precious"
    assert (storage.folder / "x").read_bytes() == b"abc"
    assert not (storage.folder / "x").is_symlink()


@pytest.mark.parametrize(
    ("one", "other"),
    [("Model.bin", "model.bin"), ("caf\u00e9", "cafe\u0301"), ("stra\u00dfe", "STRASSE"), ("A/x", "a/x")],
)
def test_names_that_a_folding_filesystem_takes_for_one_are_refused(one: str, other: str) -> None:
    with pytest.raises(SourceError) as error:
        refuse_collisions(["fine", one, other])
    assert error.value.permanent
    assert repr(one) in error.value.message
    assert repr(other) in error.value.message


def test_names_that_differ_are_not_refused() -> None:
    refuse_collisions(["a", "b", "a/b", "ab"])


def test_this_filesystem_is_probed_and_left_clean(storage: Storage) -> None:
    (storage.partials / "Probe-x").touch()
    does_fold = (storage.partials / "probe-X").exists()
    assert folds_names(storage.partials) == does_fold
    assert [entry.name for entry in storage.partials.iterdir()] == ["Probe-x"]


def test_a_finished_file_of_another_download_is_linked(storage: Storage, tmp_path: Path) -> None:
    source = tmp_path / "other.bin"
    source.write_bytes(b"abc")
    link_existing(source, storage.folder, "a/x.bin")
    assert (storage.folder / "a/x.bin").samefile(source)
    link_existing(source, storage.folder, "a/x.bin")
    assert not list(storage.partials.glob("*.data"))


def test_one_that_is_no_more_is_left_out(storage: Storage, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    link_existing(tmp_path / "removed.bin", storage.folder, "a/x.bin")
    assert (storage.target.stat("a/x.bin"), caplog.text) == (None, "")


def test_where_no_link_is_possible_the_file_is_copied(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr("downloads_app.worker.files.storage.os.link", refuse)
    source = tmp_path / "other.bin"
    source.write_bytes(b"abc")
    link_existing(source, storage.folder, "x.bin")
    assert (storage.folder / "x.bin").read_bytes() == b"abc"
    assert not (storage.folder / "x.bin").samefile(source)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_has_its_own_error(number: int) -> None:
    with pytest.raises(NoSpace, match=r"x\.bin"), explain_disk("x.bin"):
        raise OSError(number, "full")


def test_other_disk_errors_are_conflicts_in_one_line() -> None:
    with pytest.raises(Conflict, match=r"x\.bin: Permission denied"), explain_disk("x.bin"):
        raise PermissionError(errno.EACCES, "Permission denied")


def test_a_write_that_takes_only_a_part_is_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "downloads_app.worker.files.disk.os.pwritev", lambda fd, chunks, at: os.pwrite(fd, chunks[0][:1], at)
    )
    descriptor = os.open(tmp_path / "x", os.O_RDWR | os.O_CREAT)
    write_all(descriptor, [b"abc", b"def"], 2)
    os.close(descriptor)
    assert (tmp_path / "x").read_bytes() == b"\0\0abcdef"


def test_free_room_is_told_for_folders_that_do_not_exist_yet(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "a" / "b") > 0


def test_side_files_hold_no_address(storage: Storage) -> None:
    put_data(storage, "x", bytes(10))
    storage.write_side_file("x", SideFile("etag:x", 10, [(0, 5)]))
    fields = json.loads(next(storage.partials.glob("*.json")).read_text())
    assert set(fields) == {"validator", "total_bytes", "ranges"}


def test_names_that_were_taken_when_it_looked_around_are_found_and_links_are_not_followed(
    storage: Storage, tmp_path: Path
) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "x").write_text("not ours")
    (storage.folder / "a" / "b").mkdir(parents=True)
    (storage.folder / "a" / "b" / "x").write_text("abc")
    (storage.folder / "c").symlink_to(tmp_path / "outside")
    places = TargetFolder(storage.folder)
    places.note_taken_names()
    status = places.stat("a/b/x")
    assert status is not None
    assert status.st_size == 3
    assert [places.stat(path) for path in ("a/b", "a/b/y", "c/x", "c", "x")] == [None] * 5
