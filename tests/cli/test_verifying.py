"""`downloads-app downloads verify`: real files, changed behind the service's back."""

import json
import os
import shlex
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskCliRunner
from sqlalchemy import update

from downloads_app.config import current_settings
from downloads_app.extensions import db
from downloads_app.models import DownloadFile, Repository, Status, User
from downloads_app.services.files.folders import folder_of
from tests.cli.conftest import Run
from tests.support.downloading import reload
from tests.support.file_server import FileServer
from tests.support.publishing import provide, publish, publish_manifest, queue_download
from tests.support.server import PROJECT, environment, wait_until
from tests.support.terminal import CTRL_C, Terminal
from tests.worker.running import run as run_job

FILES = {"model.bin": bytes(300_000), "größe %.txt": b"hello", "empty": b""}


@pytest.fixture
def folder(app: Flask, alice: User) -> Path:
    """The folder of a completed download."""
    with FileServer() as server:
        publish(server, "org/model", FILES)
        row = queue_download(alice, provide(server))
        run_job(app)
    assert reload(row).status == Status.COMPLETED
    return folder_of(current_settings().downloads_dir, row)


def test_what_is_whole_is_said_to_be(run: Run, folder: Path) -> None:
    assert run("downloads", "verify").endswith(" org/model: 3 files, 300.0 kB, all as they came\n")
    (told,) = json.loads(run("downloads", "verify", "--json"))
    assert (told["files"], told["bytes"], told["differences"]) == (3, 300_005, [])


def test_all_that_differs_is_told_and_the_exit_code_is_1(runner: FlaskCliRunner, folder: Path) -> None:
    (folder / "model.bin").write_bytes(bytes(299_999) + b"x")
    (folder / "größe %.txt").unlink()
    (folder / "empty").write_bytes(b"no longer")
    done = runner.invoke(args=["downloads", "verify", "--json"])
    assert done.exit_code == 1
    faults = {one["path"]: one["fault"] for one in json.loads(done.stdout)[0]["differences"]}
    assert faults["größe %.txt"] == "it is missing"
    assert faults["empty"] == "its size is 9, 0 bytes are expected"
    assert faults["model.bin"].startswith("its SHA-256 is ")
    lines = runner.invoke(args=["downloads", "verify"]).stdout.splitlines()
    assert len(lines) == 3
    assert all(" org/model: " in line for line in lines)


@pytest.mark.parametrize("has_sums", [True, False])
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_command_that_is_named_fetches_what_is_damaged_or_missing(
    runner: FlaskCliRunner, app: Flask, alice: User, has_sums: bool
) -> None:
    files = FILES | {"other.bin": b"x" * 100, "whole": b"whole", "left.out": b"never"}
    with FileServer() as server:
        publish(server, "org/model", files)
        if not has_sums:
            sizes = [{"path": path, "size": len(content)} for path, content in files.items()]
            publish_manifest(server, "org/model", sizes)
        row = queue_download(alice, provide(server), exclude=["left.*", "*'*"])
        run_job(app)
        folder = folder_of(current_settings().downloads_dir, reload(row))
        (folder / "model.bin").write_bytes(bytes(299_999) + b"x")
        (folder / "other.bin").write_bytes(b"short")
        (folder / "empty").unlink()
        server.requests.clear()
        done = runner.invoke(args=["downloads", "verify"])
        assert done.exit_code == 1
        told, _, command = done.stderr.partition(": ")
        assert (told, done.stderr.count("\n")) == ("To fetch what is damaged or missing", 1)
        assert runner.invoke(args=shlex.split(command)[1:]).exit_code == 0
        run_job(app)
        fetched = {request.path.rpartition("/")[2] for request in server.requests}
    db.session.expire_all()
    done = runner.invoke(args=["downloads", "verify"])
    assert (done.exit_code, done.stderr) == (0, ""), done.output
    assert not (folder / "left.out").exists()
    assert {"model.bin", "other.bin"} <= fetched
    assert ("whole" in fetched) is not has_sums


def test_a_download_that_is_not_complete_is_not_said_to_be_whole(
    runner: FlaskCliRunner, app: Flask, alice: User
) -> None:
    with FileServer() as server:
        publish(server, "org/model", FILES)
        row = queue_download(alice, provide(server))
        done = runner.invoke(args=["downloads", "verify", row.id])
        told = f"{row.id[:8]} org/model: 0 files, 0 B, all as they came; not complete (pending)\n"
        assert (done.exit_code, done.stdout, done.stderr) == (1, told, "")
        done = runner.invoke(args=["downloads", "verify", row.id, "--json"])
        assert (done.exit_code, json.loads(done.stdout)[0]["status"]) == (1, "pending")
        run_job(app)
    assert runner.invoke(args=["downloads", "verify", row.id]).exit_code == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_links_pipes_and_folders_in_place_of_a_file_are_not_followed(runner: FlaskCliRunner, folder: Path) -> None:
    for name in FILES:
        (folder / name).unlink()
    (folder / "model.bin").symlink_to("/etc/passwd")
    os.mkfifo(folder / "empty")
    (folder / "größe %.txt").mkdir()
    done = runner.invoke(args=["downloads", "verify"])
    assert done.exit_code == 1
    assert "model.bin: it cannot be read: Too many levels of symbolic links" in done.stdout
    assert done.stdout.count("it is no file any more") == 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("columns", [80, 200])
def test_a_terminal_shows_the_results_alone(folder: Path, database_url: str, tmp_path: Path, columns: int) -> None:
    (folder / "empty").unlink()
    env = environment(database_url, tmp_path / "instance")
    with Terminal(env, "downloads", "verify", columns=columns) as terminal:
        assert terminal.finish() == 1
        told, *cure = terminal.lines
        assert told.partition(" ")[2] == "org/model: empty: it is missing"
        command = "downloads-app downloads add local org/model --user alice"
        assert "".join(cure).replace(" ", "") == f"To fetch what is damaged or missing: {command}".replace(" ", "")
        assert not terminal.screen.cursor.hidden
    (folder / "empty").touch()
    with Terminal(env, "downloads", "verify", columns=columns) as terminal:
        assert terminal.finish() == 0
        whole = "org/model: 3 files, 300.0 kB, all as they came"
        assert [line.partition(" ")[2] for line in terminal.lines] == [whole]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_bar_of_a_long_name_takes_one_line(folder: Path, database_url: str, tmp_path: Path) -> None:
    make_endless(folder / "model.bin")
    long_name = "organisation-" + "of-a-long-name-" * 6
    folder.parent.rename(folder.parent.with_name(long_name))
    db.session.execute(update(Repository).values(name=f"org/{long_name}"))
    db.session.commit()
    with Terminal(environment(database_url, tmp_path / "instance"), "downloads", "verify") as terminal:
        terminal.wait_for("B/s")
        assert [line[9:25] for line in terminal.lines] == ["org/organisation"]
        terminal.type(CTRL_C)
        assert terminal.finish() == 130
        assert not any("org/" in line for line in terminal.lines)


def make_endless(file: Path) -> None:
    """Give a file a size that takes for ever to read; it is sparse."""
    os.truncate(file, 1 << 40)
    db.session.execute(update(DownloadFile).where(DownloadFile.path == file.name).values(size_bytes=1 << 40))
    db.session.commit()


def test_without_anything_complete_there_is_nothing_to_do(run: Run, fail: Run) -> None:
    assert run("downloads", "verify") == "Nothing is complete\n"
    assert json.loads(run("downloads", "verify", "--json")) == []
    fail("downloads", "verify", "ffff")


def has_open(process_id: int, name: str) -> bool:
    for link in Path(f"/proc/{process_id}/fd").iterdir():
        with suppress(FileNotFoundError):
            if link.readlink().name == name:
                return True
    return False


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_ctrl_c_ends_it_at_once(folder: Path, database_url: str, tmp_path: Path) -> None:
    make_endless(folder / "model.bin")
    env = environment(database_url, tmp_path / "instance")
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "downloads", "verify"]
    process = subprocess.Popen(command, cwd=PROJECT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        wait_until(lambda: has_open(process.pid, "model.bin"), what="the command to read")
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130
        assert process.communicate() == (b"", b"")
    finally:
        process.kill()
