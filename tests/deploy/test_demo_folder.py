"""What `make demo` leaves on the disk: nothing, also where something else writes into its folder as it ends."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from deploy import demo


def remove_and_write(monkeypatch: pytest.MonkeyPatch, *, times: int) -> None:
    """Let something write into the folder just after its removal, so many times."""
    remove, left = shutil.rmtree, [times]

    def rmtree(folder: str, **options: Any) -> None:
        remove(folder, **options)
        if left[0]:
            left[0] -= 1
            (Path(folder) / "downloads").mkdir(parents=True)

    monkeypatch.setattr(shutil, "rmtree", rmtree)
    monkeypatch.setattr(demo, "REMOVAL_SECONDS", 0)


def test_what_is_written_there_meanwhile_goes_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with demo.temporary_folder() as folder:
        (Path(folder) / "jwt-secret").touch()
        remove_and_write(monkeypatch, times=3)
    assert not os.path.lexists(folder)
    assert capsys.readouterr().out == ""


def test_who_goes_on_writing_gets_no_secret_and_makes_no_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with demo.temporary_folder() as folder:
        (Path(folder) / "jwt-secret").touch()
        remove_and_write(monkeypatch, times=demo.REMOVALS)
    assert [path.name for path in Path(folder).iterdir()] == ["downloads"]
    assert capsys.readouterr().out == f"  something else writes into {folder}: remove it later\n"
    monkeypatch.undo()
    shutil.rmtree(folder)
