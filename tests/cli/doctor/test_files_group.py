"""The doctor finds that no worker can give its files to FILES_GROUP."""

import errno
import grp
import os
from pathlib import Path
from typing import Any

import pytest

from downloads_app import modes
from downloads_app.cli.doctor import disk
from downloads_app.cli.doctor.finding import State
from downloads_app.config import Settings, load_settings
from downloads_app.errors import Conflict


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    name = grp.getgrgid(os.getegid()).gr_name
    return load_settings(instance_dir=tmp_path / "instance", downloads_dir=tmp_path / "home", files_group=name)


def find_faults(settings: Settings) -> list[str]:
    return [finding.found for finding in disk.check_folders(settings) if finding.state is State.WRONG]


def test_others_files_that_the_group_cannot_read(settings: Settings) -> None:
    folder = settings.downloads_dir
    assert find_faults(settings) == []  # it is not there yet
    (folder / "alice").mkdir(parents=True)
    folder.chmod(0o700)
    (told,) = find_faults(settings)
    assert told.startswith(f"DOWNLOADS_DIR {folder} cannot be given to FILES_GROUP: it was there before, with files")
    assert told.endswith("no worker starts")
    with pytest.raises(Conflict):
        modes.prepare_downloads(settings)
    folder.chmod(0o2750)
    assert find_faults(settings) == []
    modes.prepare_downloads(settings)


def test_a_group_that_the_services_user_is_no_member_of(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    settings.downloads_dir.mkdir()
    monkeypatch.setattr(os, "chown", refuse)
    (told,) = find_faults(settings)
    assert "cannot be given to FILES_GROUP: Operation not permitted" in told
