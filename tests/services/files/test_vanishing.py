"""Folders that are set aside, removed or put back, and what is made in their places meanwhile."""

from pathlib import Path

import pytest

from downloads_app.services.files import vanishing
from downloads_app.services.files.vanishing import SetAside


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "alice" / "main"
    folder.mkdir(parents=True)
    (folder / "old").write_text("old")
    return folder


def test_what_is_made_in_its_place_stays(folder: Path) -> None:
    aside = SetAside([folder])
    assert not folder.exists()
    (folder / "new").mkdir(parents=True)
    aside.remove()
    assert [each.name for each in folder.iterdir()] == ["new"]
    assert [each.name for each in folder.parent.iterdir()] == ["main"]


def test_what_is_put_back_is_as_it_was(folder: Path) -> None:
    SetAside([folder, folder.with_name("never was")]).put_back()
    assert [each.name for each in folder.parent.iterdir()] == ["main"]
    assert (folder / "old").read_text() == "old"


def test_nothing_is_put_back_over_what_was_made_meanwhile(folder: Path) -> None:
    aside = SetAside([folder])
    (folder / "new").mkdir(parents=True)
    aside.put_back()
    assert [each.name for each in folder.iterdir()] == ["new"]
    assert [each.name for each in folder.parent.iterdir()] == ["main"]


def test_what_another_process_sets_aside_is_left_to_it_unless_it_died(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    SetAside([folder])
    SetAside([folder.with_name("another")]).remove()
    assert len(list(folder.parent.iterdir())) == 1
    monkeypatch.setattr(vanishing, "ABANDONED_SECONDS", 0.0)
    SetAside([folder.with_name("another")]).remove()
    assert list(folder.parent.iterdir()) == []


@pytest.mark.parametrize("end", ["remove", "put_back"])
def test_a_folder_that_cannot_have_another_name_stays_where_it_is_until_it_is_removed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if path != target:
            raise OSError(16, "Device or resource busy")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    aside = SetAside([folder])
    assert folder.exists()
    getattr(aside, end)()
    assert folder.exists() is (end == "put_back")
