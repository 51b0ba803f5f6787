"""What the master's modules were loaded from: another content counts as changed, another time alone does not."""

import importlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from downloads_app.web.gunicorn.loaded_code import LoadedCode

NAME = "module_of_an_upgrade"


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    file = tmp_path / f"{NAME}.py"
    file.write_text("VERSION = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.invalidate_caches()
    importlib.import_module(NAME)
    yield file
    del sys.modules[NAME]


def test_a_file_that_is_written_anew_as_it_was_has_not_changed(module: Path) -> None:
    loaded = LoadedCode()
    assert loaded.find_changed() is None
    module.unlink()
    module.write_text("VERSION = 1\n")
    os.utime(module, (1, 1))
    assert loaded.find_changed() is None


def test_another_content_of_the_same_length_is_a_change(module: Path) -> None:
    loaded = LoadedCode()
    module.write_text("VERSION = 2\n")
    assert loaded.find_changed() == str(module)


def test_a_file_that_is_gone_is_a_change_and_one_that_comes_back_none(module: Path) -> None:
    loaded = LoadedCode()
    module.rename(module.with_suffix(".old"))
    assert loaded.find_changed() == str(module)
    module.with_suffix(".old").rename(module)
    assert loaded.find_changed() is None
