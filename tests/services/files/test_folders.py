"""Folders that are removed with everything in them."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from downloads_app.errors import Conflict
from downloads_app.services.files.folders import remove_tree


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a", "b", "c"):
        (tmp_path / "alice" / name).mkdir(parents=True)
        (tmp_path / "alice" / name / "file").write_text("content")
    return tmp_path / "alice"


def test_a_folder_that_never_was_is_gone(tmp_path: Path) -> None:
    remove_tree(tmp_path / "never")


def test_all_is_removed_though_another_removes_some_of_it_at_the_same_time(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink, first = os.unlink, [True]

    def unlink_after_another(path: str, **where: Any) -> None:
        if first.pop() if first else False:
            unlink(path, **where)
        unlink(path, **where)

    monkeypatch.setattr(os, "unlink", unlink_after_another)
    remove_tree(folder)
    assert not folder.exists()


def test_what_stays_is_no_success(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def miss(_path: Path, ignore_errors: bool = False) -> None:
        if not ignore_errors:
            raise FileNotFoundError

    monkeypatch.setattr(shutil, "rmtree", miss)
    with pytest.raises(Conflict, match="try again"):
        remove_tree(folder)


def test_a_link_in_its_place_is_refused(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(Conflict, match="cannot be removed"):
        remove_tree(tmp_path / "link")
    assert (folder / "a" / "file").exists()
