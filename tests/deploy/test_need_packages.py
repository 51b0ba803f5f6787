"""What `make` does where Debian packages are missing: nothing as another user without a yes."""

import os
import pty
import subprocess
from pathlib import Path

import pytest

from tests.support.server import PROJECT

SCRIPT = PROJECT / "deploy" / "need-packages.sh"
INSTALLED = ["apt-get -qq update", "apt-get -qq install -y --no-install-recommends nginx curl"]


@pytest.fixture
def commands(tmp_path: Path) -> Path:
    """A folder with an `apt-get` and a `sudo` that only write down how they were called."""
    (tmp_path / "sudo").write_text(f'#!/bin/sh\necho sudo >> {tmp_path}/called\nexec "$@"\n')
    (tmp_path / "apt-get").write_text(f'#!/bin/sh\necho "apt-get $*" >> {tmp_path}/called\n')
    (tmp_path / "called").touch()
    return tmp_path


def need(commands: Path, user_id: int, stdin: int = subprocess.DEVNULL) -> "subprocess.CompletedProcess[str]":
    """Ask for two packages as that user."""
    (commands / "id").write_text(f"#!/bin/sh\necho {user_id}\n")
    for name in ("id", "sudo", "apt-get"):
        (commands / name).chmod(0o755)
    env = {**os.environ, "PATH": f"{commands}:{os.environ['PATH']}"}
    command = ["sh", str(SCRIPT), "nginx", "curl"]
    return subprocess.run(command, env=env, stdin=stdin, capture_output=True, text=True, timeout=30)


def called(commands: Path) -> list[str]:
    return (commands / "called").read_text().splitlines()


def test_root_is_not_asked(commands: Path) -> None:
    assert need(commands, 0).returncode == 0
    assert called(commands) == INSTALLED


def test_where_nobody_can_answer_it_says_what_to_install(commands: Path) -> None:
    done = need(commands, 1000)
    assert done.returncode == 1
    assert done.stderr == "error: this needs packages; as root: apt-get install --no-install-recommends nginx curl\n"
    assert called(commands) == []


@pytest.mark.parametrize(("answer", "expected"), [("y\n", ["sudo", INSTALLED[0], "sudo", INSTALLED[1]]), ("\n", [])])
def test_sudo_is_used_only_after_a_yes(commands: Path, answer: str, expected: list[str]) -> None:
    ours, theirs = pty.openpty()
    try:
        os.write(ours, answer.encode())
        done = need(commands, 1000, stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)
    assert 'Run "sudo apt-get ' in done.stderr
    assert (done.returncode == 0) is bool(expected)
    assert called(commands) == expected
