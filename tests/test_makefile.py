"""The Makefile: an install that was interrupted is made whole by the next one."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.server import PROJECT

PYTHON = """#!/bin/sh
echo "$*" >> installs
test ! -e broken
"""
"""Stands for the one of .venv, and keeps what it was to install."""
AGAIN = "--force-reinstall"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone, in a path with a space, whose .venv is made and empty."""
    folder = tmp_path / "a clone"
    python = folder / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text(PYTHON)
    python.chmod(0o755)
    for name in ("Makefile", "requirements.txt", "requirements-dev.txt", "pyproject.toml"):
        shutil.copy(PROJECT / name, folder)
    return folder


def install(clone: Path, target: str) -> list[str]:
    """Make what is installed, and return what was."""
    (clone / "installs").unlink(missing_ok=True)
    subprocess.run(["make", target], cwd=clone, capture_output=True, check=False)
    return (clone / "installs").read_text().splitlines()


@pytest.mark.parametrize("target", [".venv/dev", ".venv/run"])
def test_what_was_begun_and_did_not_end_is_installed_again(clone: Path, target: str) -> None:
    (clone / "broken").touch()
    assert not any(AGAIN in line for line in install(clone, ".venv/dev"))
    (clone / "broken").unlink()
    assert all(AGAIN in line for line in install(clone, target))
    assert (clone / target).exists()


def test_what_has_ended_is_not_installed_again(clone: Path) -> None:
    install(clone, ".venv/dev")
    assert (clone / ".venv" / "dev").exists()
    (clone / ".venv" / "dev").unlink()
    assert not any(AGAIN in line for line in install(clone, ".venv/dev"))


def test_what_another_make_is_installing_is_left_to_it(clone: Path) -> None:
    (clone / ".venv" / "begun").write_text(str(os.getpid()))
    assert not any(AGAIN in line for line in install(clone, ".venv/dev"))


def test_another_make_may_end_first(clone: Path) -> None:
    (clone / ".venv" / "bin" / "python").write_text("#!/bin/sh\nrm -f .venv/begun\n")
    subprocess.run(["make", ".venv/dev"], cwd=clone, capture_output=True, check=True)
