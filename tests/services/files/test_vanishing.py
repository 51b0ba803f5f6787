"""Folders that are set aside, removed or put back, and what is made in their places meanwhile."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from downloads_app.services.files import vanishing
from downloads_app.services.files.vanishing import SET_ASIDE, SetAside, remove_abandoned
from tests.support.small_disk import small_disk


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "alice" / "main"
    folder.mkdir(parents=True)
    (folder / "old").write_text("old")
    return folder


@pytest.fixture
def on_another_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse to move anything out of its folder."""
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if path.parent != target.parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)


def test_what_is_made_in_its_place_stays(tmp_path: Path, folder: Path) -> None:
    aside = SetAside(tmp_path, [folder])
    assert not folder.exists()
    (folder / "new").mkdir(parents=True)
    aside.remove()
    assert names_in(folder) == ["new"]
    assert names_in(folder.parent) == ["main"]
    assert names_in(tmp_path / SET_ASIDE) == []


def test_what_is_made_where_nothing_was_stays(tmp_path: Path) -> None:
    aside = SetAside(tmp_path, [tmp_path / "alice" / "main"])
    (tmp_path / "alice" / "main").mkdir(parents=True)
    aside.remove()
    assert names_in(tmp_path / "alice") == ["main"]


def test_what_is_put_back_is_as_it_was(tmp_path: Path, folder: Path) -> None:
    SetAside(tmp_path, [folder, folder.with_name("never was")]).put_back()
    assert names_in(folder.parent) == ["main"]
    assert (folder / "old").read_text() == "old"


def test_what_is_put_back_gets_the_folder_above_that_another_deletion_found_empty(tmp_path: Path, folder: Path) -> None:
    aside = SetAside(tmp_path, [folder])
    folder.parent.rmdir()
    aside.put_back()
    assert (folder / "old").read_text() == "old"


def test_folders_made_for_it_are_for_nobody_to_write_whatever_the_process_allows(tmp_path: Path, folder: Path) -> None:
    """Web servers and commands have the umask of whoever starts them."""
    os.umask(0)
    aside = SetAside(tmp_path, [folder])
    folder.parent.rmdir()
    aside.put_back()
    modes = [stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / SET_ASIDE, folder.parent)]
    assert modes == [0o750, 0o750]


@pytest.mark.parametrize("in_its_place", ["folder", "file"])
def test_nothing_is_put_back_over_what_was_made_meanwhile(tmp_path: Path, folder: Path, in_its_place: str) -> None:
    aside = SetAside(tmp_path, [folder])
    if in_its_place == "folder":
        (folder / "new").mkdir(parents=True)
    else:
        folder.write_text("new")
    aside.put_back()
    assert not (folder / "old").exists()
    assert names_in(folder.parent) == ["main"]
    assert names_in(tmp_path / SET_ASIDE) == []


def test_what_the_disk_refuses_to_put_back_is_not_removed(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    aside = SetAside(tmp_path, [folder])
    monkeypatch.setattr(Path, "rename", refuse_with(errno.EIO))
    aside.put_back()
    (kept,) = (tmp_path / SET_ASIDE).iterdir()
    assert (kept / "old").read_text() == "old"
    assert "cannot be put back" in caplog.text


@pytest.mark.parametrize("in_its_place", ["link", "file"])
def test_a_link_or_a_file_in_place_of_a_folder_is_removed_alone(
    tmp_path: Path, folder: Path, in_its_place: str
) -> None:
    other = folder.with_name("other")
    if in_its_place == "link":
        other.symlink_to(folder)
    else:
        other.write_text("no folder")
    SetAside(tmp_path, [other]).remove()
    assert not os.path.lexists(other)
    assert names_in(folder) == ["old"]
    assert names_in(tmp_path / SET_ASIDE) == []


def test_what_another_process_sets_aside_is_left_to_it_unless_it_died(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SetAside(tmp_path, [folder])
    remove_abandoned(tmp_path)
    assert len(names_in(tmp_path / SET_ASIDE)) == 1
    monkeypatch.setattr(vanishing, "ABANDONED_SECONDS", 0.0)
    remove_abandoned(tmp_path)
    assert names_in(tmp_path / SET_ASIDE) == []


def test_what_is_on_another_disk_is_set_aside_beside_itself(
    tmp_path: Path, folder: Path, on_another_disk: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    SetAside(tmp_path, [folder])
    SetAside(tmp_path, [folder.with_name("another")]).remove()
    assert len(names_in(folder.parent)) == 1
    monkeypatch.setattr(vanishing, "ABANDONED_SECONDS", 0.0)
    (folder.parent / ".listed.removed").mkdir()
    (folder.parent / "another").mkdir()
    SetAside(tmp_path, [folder.with_name("another")]).remove()
    assert names_in(folder.parent) == [".listed.removed"]


@pytest.mark.parametrize("end", ["remove", "put_back"])
def test_a_folder_that_cannot_have_another_name_stays_where_it_is_until_it_is_removed(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setattr(Path, "rename", refuse_with(errno.EBUSY))
    aside = SetAside(tmp_path, [folder])
    assert folder.exists()
    getattr(aside, end)()
    assert folder.exists() is (end == "put_back")


def test_a_folder_whose_files_stay_in_their_place_is_not_called_removed(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Path, "rename", refuse_with(errno.EROFS))
    aside = SetAside(tmp_path, [folder.with_name("never was"), folder])
    monkeypatch.setattr(os, "unlink", refuse_with(errno.EROFS))
    with pytest.raises(OSError, match="Read-only file system"):
        aside.remove()


def test_the_root_of_a_disk_stays_and_is_empty(tmp_path: Path) -> None:
    with small_disk(tmp_path / "main", 1 << 20) as root:
        (root / "old").touch()
        SetAside(tmp_path, [root]).remove()
        assert names_in(root) == []


def names_in(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.iterdir())


def refuse_with(code: int) -> Callable[..., Path]:
    def refuse(*_: object, **__: object) -> Path:
        raise OSError(code, os.strerror(code))

    return refuse
