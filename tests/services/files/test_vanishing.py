"""Folders that are removed, and what is made in their place meanwhile."""

import shutil
from pathlib import Path

import pytest

from downloads_app.services.files import folders, vanishing
from downloads_app.services.files.partials import find_partials
from downloads_app.services.files.vanishing import remove_at_once


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A download's folder and its partial files."""
    folder = tmp_path / "alice" / "hub" / "org" / "model" / "main"
    for each in (folder, find_partials(folder)):
        each.mkdir(parents=True)
        (each / "old").write_text("old")
    return folder


def test_what_a_new_download_makes_meanwhile_stays(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove = shutil.rmtree

    def remove_slowly(path: Path, ignore_errors: bool) -> None:
        (folder / "deep").mkdir(parents=True, exist_ok=True)
        remove(path, ignore_errors=ignore_errors)

    monkeypatch.setattr(shutil, "rmtree", remove_slowly)
    folders.remove_files(tmp_path, folder)
    assert [each.name for each in folder.iterdir()] == ["deep"]


def test_nothing_is_left_of_a_folder_nor_above_it(tmp_path: Path, folder: Path) -> None:
    folders.remove_files(tmp_path, folder)
    assert list(tmp_path.iterdir()) == []


def test_what_a_process_that_died_has_left_goes_with_the_next(tmp_path: Path) -> None:
    left = tmp_path / f".4711{vanishing.SET_ASIDE}"
    left.mkdir()
    remove_at_once(tmp_path / "never was")
    assert not left.exists()


def test_a_folder_that_cannot_have_another_name_is_removed_where_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(16, "Device or resource busy")

    monkeypatch.setattr(Path, "rename", refuse)
    (tmp_path / "there" / "deep").mkdir(parents=True)
    remove_at_once(tmp_path / "there")
    assert not (tmp_path / "there").exists()
