"""Whether files still stand under their final names, when somebody else has been at the folder."""

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from downloads_app.errors import Conflict, Passing, TooManyFiles
from downloads_app.worker.files.target_folder import TargetFolder

PATHS = ["model.bin", "deep/er/part.bin", "deep/other.bin", "\u00e9.bin", ".gitattributes"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with all of PATHS."""
    folder = tmp_path / "main"
    for path in PATHS:
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text("here")
    return folder


def test_nothing_is_missing_where_all_are_there(folder: Path) -> None:
    assert TargetFolder(folder).find_missing(PATHS) is None
    assert TargetFolder(folder).find_missing([]) is None


def link(path: Path) -> None:
    path.unlink()
    path.symlink_to("/nowhere")


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("spoil", [Path.unlink, link, make_folder])
@pytest.mark.parametrize("path", PATHS)
def test_a_file_that_is_gone_or_something_else_is_named(folder: Path, path: str, spoil: Callable[[Path], None]) -> None:
    spoil(folder / path)
    assert TargetFolder(folder).find_missing(PATHS) == path


def test_a_folder_that_is_gone_is_told_by_one_of_its_files(folder: Path) -> None:
    shutil.rmtree(folder / "deep" / "er")
    assert TargetFolder(folder).find_missing(PATHS) == "deep/er/part.bin"
    shutil.rmtree(folder)
    assert TargetFolder(folder).find_missing(["model.bin"]) == "model.bin"


def test_a_folder_that_was_moved_behind_a_link_is_refused(folder: Path, tmp_path: Path) -> None:
    shutil.move(folder / "deep", tmp_path / "elsewhere")
    (folder / "deep").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Conflict, match="a folder on the way is a symbolic link"):
        TargetFolder(folder).find_missing(PATHS)


@pytest.mark.parametrize(
    ("number", "kind"), [(errno.EMFILE, TooManyFiles), (errno.EIO, Passing), (errno.ESTALE, Passing)]
)
def test_a_disk_that_does_not_tell_is_no_missing_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[Exception]
) -> None:
    def refuse(_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(kind, match=r"^main: "):
        TargetFolder(folder).find_missing(PATHS)
