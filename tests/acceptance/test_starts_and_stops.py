"""What a start, a stop and a mere check leave on the disk."""

import errno
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from downloads_app.folder_checks import find_fault
from tests.support.server import PROJECT, Server, environment, flask


def gunicorn(tmp_path: Path, *arguments: str, instance_dir: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Start gunicorn, which is to end by itself; its temporary files go to a folder of the test."""
    env = environment("", instance_dir or tmp_path / "instance")
    (tmp_path / "tmp").mkdir(exist_ok=True)
    command = [sys.executable, "-m", "gunicorn", "wsgi:app", *arguments]
    env["TMPDIR"] = str(tmp_path / "tmp")
    return subprocess.run(command, cwd=PROJECT, env=env, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize("option", ["--check-config", "--check", "--print-config"])
def test_a_mere_check_leaves_nothing_behind(tmp_path: Path, option: str) -> None:
    done = gunicorn(tmp_path, option)
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "instance").exists()
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_start_whose_port_is_taken_leaves_nothing_behind(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        done = gunicorn(tmp_path, "-b", f"127.0.0.1:{taken.getsockname()[1]}")
    assert done.returncode == 1
    assert not (tmp_path / "instance").exists()
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("arguments", [(), ("--check-config",)])
def test_an_instance_folder_that_cannot_be_made_is_one_line(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "instance").write_text("a file")
    folder = tmp_path / "instance" / "below"
    done = gunicorn(tmp_path, *arguments, instance_dir=folder)
    expected = f"error: the folder INSTANCE_DIR={str(folder)!r} cannot be made: {tmp_path / 'instance'} is not a folder"
    assert done.returncode == 1
    assert [line for line in done.stderr.splitlines() if "[INFO]" not in line] == [expected]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_command_says_so_in_one_line_too(tmp_path: Path) -> None:
    (tmp_path / "instance").write_text("a file")
    done = flask(environment("", tmp_path / "instance" / "below"), "db", "upgrade")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    assert "cannot be made: Not a directory" in done.stderr


def unfit_folders(tmp_path: Path) -> dict[str, str]:
    """Return folders in which no downloads can lie, each with what is said of it."""
    (tmp_path / "file").touch()
    return {
        "/proc/downloads": "cannot be made: /proc cannot be written to (No such file or directory)",  # root may write
        str(tmp_path / "file" / "below"): f"cannot be made: {tmp_path / 'file'} is not a folder",
        str(tmp_path): f"also holds {tmp_path / 'instance'}: name a folder for downloads alone",
    }


@pytest.mark.parametrize("arguments", [(), ("--check-config",)])
def test_a_downloads_folder_that_cannot_be_used_is_one_line_and_makes_nothing(
    tmp_path: Path, arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, reason in unfit_folders(tmp_path).items():
        monkeypatch.setenv("DOWNLOADS_DIR", folder)
        done = gunicorn(tmp_path, *arguments)
        expected = f"error: the folder DOWNLOADS_DIR={folder!r} {reason}"
        assert done.returncode == 1
        assert [line for line in done.stderr.splitlines() if "[INFO]" not in line] == [expected]
        assert not (tmp_path / "instance").exists()
        assert list((tmp_path / "tmp").iterdir()) == []


def test_a_downloads_folder_of_which_the_disk_says_nothing_is_one_line_without_a_worker_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(tmp_path / ("long" * 64))
    monkeypatch.setenv("DOWNLOADS_DIR", folder)
    monkeypatch.setenv("EMBEDDED_WORKER", "off")
    done = gunicorn(tmp_path)
    expected = f"error: the folder DOWNLOADS_DIR={folder!r} cannot be written to: File name too long"
    assert [line for line in done.stderr.splitlines() if "[INFO]" not in line] == [expected]
    assert done.returncode == 1


def test_it_stops_a_worker_and_no_command_that_reads(sqlite_url: str, tmp_path: Path) -> None:
    for folder, reason in unfit_folders(tmp_path).items():
        env = environment(sqlite_url, tmp_path / "instance", downloads_dir=folder)
        assert flask(env, "downloads", "list").returncode == 0
        done = flask(env, "downloads", "worker")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr == f"error: the folder DOWNLOADS_DIR={folder!r} {reason}\n"


def test_a_full_disk_stops_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody has to see what lies there, to remove some of it."""

    def refuse(**_: object) -> str:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)  # a folder needs no room on a filesystem in memory
    assert find_fault(tmp_path) is None
    assert "No space left" in (find_fault(tmp_path / "to be made") or "")


def names_in_copy(file: Path) -> list[str]:
    """Return the users in a copy of the file alone."""
    shutil.copy(file, file.with_name("copy"))
    with closing(sqlite3.connect(f"file:{file.with_name('copy')}?mode=ro", uri=True)) as connection:
        return [name for (name,) in connection.execute("SELECT username FROM users")]


def test_after_a_command_the_file_alone_is_the_database(sqlite_url: str, tmp_path: Path) -> None:
    done = flask(environment(sqlite_url, tmp_path / "instance"), "users", "create", "carol")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "test.sqlite3-wal").exists()
    assert names_in_copy(tmp_path / "test.sqlite3") == ["carol"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_after_a_clean_stop_the_file_alone_is_the_database(make_server: Callable[..., Server], tmp_path: Path) -> None:
    server = make_server(workers=2, embedded_worker=True)
    server.flask("users", "create", "carol")
    assert server.stop() == 0
    assert not (tmp_path / "test.sqlite3-wal").exists()
    assert names_in_copy(tmp_path / "test.sqlite3") == ["carol"]
