"""Who on this machine may read what."""

import grp
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from downloads_app import create_app, modes
from downloads_app.config import ConfigError, current_settings, load_settings
from downloads_app.errors import Conflict
from downloads_app.extensions import db
from downloads_app.folder_checks import UnfitFolder
from downloads_app.models import Provider, User
from tests.support.downloading import folder_of, reload
from tests.support.file_server import FileServer
from tests.support.publishing import publish, queue_download
from tests.worker.running import FILES, working


@pytest.fixture(autouse=True)
def usual_umask() -> Iterator[None]:
    """As most machines have it; a worker that runs in the test's process sets its own."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode_of(file: Path) -> int:
    return stat.S_IMODE(file.stat().st_mode)


def test_the_sqlite_file_and_the_secrets_are_for_nobody_else(tmp_path: Path) -> None:
    instance = tmp_path / "instance"
    app = create_app(database_url="", instance_dir=instance)
    with app.app_context():
        db.session.execute(db.text("CREATE TABLE x (y)"))
        db.session.commit()
        found = {file.name: mode_of(file) for file in instance.iterdir()}
        db.session.remove()
        db.engine.dispose()
    assert {name: mode for name, mode in found.items() if mode != modes.SECRET_MODE} == {}
    assert {"downloads.sqlite3", "downloads.sqlite3-wal", "jwt-secret"} <= found.keys()
    assert mode_of(instance) == modes.INSTANCE_MODE


def test_an_sqlite_file_from_before_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "old.sqlite3"
    file.touch(0o644)
    create_app(database_url=f"sqlite:///{file}", instance_dir=tmp_path / "instance")
    assert mode_of(file) == modes.SECRET_MODE


@pytest.mark.parametrize("make", [Path.mkdir, lambda path: path.write_bytes(b"root:x:0:0::/root:/bin/bash\n")])
def test_what_is_no_sqlite_file_keeps_its_mode(tmp_path: Path, make: Callable[[Path], object]) -> None:
    """DATABASE_URL may name something else by mistake, and the service may run as root."""
    other, beside = tmp_path / "other", tmp_path / "other-journal"
    make(other)
    beside.touch()
    before = mode_of(other), mode_of(beside)
    create_app(database_url=f"sqlite:///{other}", instance_dir=tmp_path / "instance")
    assert (mode_of(other), mode_of(beside)) == before


def test_what_is_no_file_keeps_its_mode(tmp_path: Path) -> None:
    beside = tmp_path / "new.sqlite3-journal"
    beside.mkdir(0o755)
    create_app(database_url=f"sqlite:///{tmp_path}/new.sqlite3", instance_dir=tmp_path / "instance")
    assert mode_of(beside) == 0o755


@pytest.mark.parametrize("downloads", ["instance", "."])
def test_a_downloads_folder_that_holds_our_own_files_is_refused_and_keeps_its_modes(
    tmp_path: Path, downloads: str
) -> None:
    settings = load_settings(instance_dir=tmp_path / "instance", downloads_dir=tmp_path / downloads)
    settings.instance_dir.mkdir()
    secret = settings.instance_dir / "jwt-secret"
    secret.touch(modes.SECRET_MODE)
    with pytest.raises(UnfitFolder, match="name a folder for downloads alone"):
        modes.prepare_downloads(settings)
    assert mode_of(secret) == modes.SECRET_MODE


def test_a_downloads_folder_that_holds_the_sqlite_file_is_refused_and_the_file_stays_closed(tmp_path: Path) -> None:
    folder = tmp_path / "instance" / "downloads"
    folder.mkdir(parents=True)
    url = f"sqlite:///{folder / 'ours.sqlite3'}"
    settings = load_settings(instance_dir=folder.parent, downloads_dir=folder, database_url=url)
    modes.prepare_instance(settings)
    with pytest.raises(UnfitFolder, match="name a folder for downloads alone"):
        modes.prepare_downloads(settings)
    assert mode_of(folder / "ours.sqlite3") == modes.SECRET_MODE


def test_downloaded_files_are_for_their_group(app: Flask, alice: User, provider: Provider, server: FileServer) -> None:
    publish(server, "org/model", {**FILES, "deep/er/file.bin": b"x" * 200_000})
    download = queue_download(alice, provider)
    with working(app, until_idle=True) as (_, thread):
        thread.join(60)
    folder, top = folder_of(reload(download)), current_settings().downloads_dir
    files = [file for file in top.rglob("*") if file.is_file()]
    assert folder.is_dir()
    assert {mode_of(file) for file in files} == {modes.FILE_MODE}
    assert {mode_of(file) for file in [top, *top.rglob("*")] if file.is_dir()} == {modes.FOLDER_MODE}


OURS = ["instance/downloads", *(["given to another group"] if os.geteuid() == 0 else [])]


@pytest.mark.parametrize("place", OURS)
def test_what_lay_there_before_follows_if_it_is_ours(tmp_path: Path, place: str) -> None:
    settings = load_settings(instance_dir=tmp_path / "instance", downloads_dir=tmp_path / place)
    old = settings.downloads_dir / "alice/hub/model"
    old.mkdir(parents=True, mode=0o755)
    (old / "file.bin").write_bytes(b"x")
    (old / "link").symlink_to(tmp_path)
    before = mode_of(tmp_path)
    if place == "given to another group":
        os.chown(settings.downloads_dir, -1, 1)
        settings.downloads_dir.chmod(modes.FOLDER_MODE)
    modes.prepare_downloads(settings)
    assert mode_of(old / "file.bin") == modes.FILE_MODE
    assert {mode_of(folder) for folder in (settings.downloads_dir, old, old.parent)} == {modes.FOLDER_MODE}
    assert mode_of(tmp_path) == before


def test_others_files_keep_their_modes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """DOWNLOADS_DIR may name a home by mistake, and the service may run as root."""
    settings = load_settings(instance_dir=tmp_path / "instance", downloads_dir=tmp_path / "home")
    theirs = settings.downloads_dir / "alice/.ssh"
    theirs.mkdir(parents=True, mode=0o700)
    settings.downloads_dir.chmod(0o755)
    modes.prepare_downloads(settings)
    assert (mode_of(theirs), mode_of(settings.downloads_dir)) == (0o700, 0o755)
    assert "keeps its mode: it was there before, with files that may be others'" in caplog.text


@pytest.mark.parametrize(("mode", "is_refused"), [(0o700, True), (0o2770, False), (0o2755, False)])
def test_others_files_stop_the_start_where_the_group_could_not_read(
    tmp_path: Path, mode: int, is_refused: bool
) -> None:
    name = grp.getgrgid(os.getegid()).gr_name
    settings = load_settings(instance_dir=tmp_path / "instance", downloads_dir=tmp_path / "home", files_group=name)
    (settings.downloads_dir / "alice").mkdir(parents=True)
    settings.downloads_dir.chmod(mode)
    refusal = pytest.raises(Conflict, match=r"cannot be given to FILES_GROUP .* say so by chmod 2750")
    with refusal if is_refused else nullcontext():
        modes.prepare_downloads(settings)
    assert mode_of(settings.downloads_dir) == mode


def test_a_folder_behind_a_symbolic_link_starts_a_second_time(tmp_path: Path) -> None:
    settings = load_settings(
        instance_dir=tmp_path / "instance",
        downloads_dir=tmp_path / "downloads",
        files_group=grp.getgrgid(os.getegid()).gr_name,
    )
    (tmp_path / "disk").mkdir(mode=0o755)
    settings.downloads_dir.symlink_to(tmp_path / "disk")
    modes.prepare_downloads(settings)
    assert mode_of(tmp_path / "disk") == modes.FOLDER_MODE
    (settings.downloads_dir / "alice").mkdir()
    modes.prepare_downloads(settings)


def test_files_that_are_removed_meanwhile_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another worker may be trying the folder at the same moment, or removing a download."""
    settings = load_settings(instance_dir=tmp_path / "instance", downloads_dir=tmp_path / "downloads")
    trial = settings.downloads_dir / ".trial-of-another"
    trial.mkdir(parents=True)
    (trial / "file.bin").touch()

    def walk_while_it_is_removed(*wanted: Any, **options: Any) -> Iterator[Any]:
        for found in list(fwalk(*wanted, **options)):
            if trial.exists():
                descriptor = os.open(trial, os.O_RDONLY)
                shutil.rmtree(trial)
                yield (*found[:3], descriptor)
                os.close(descriptor)
            else:
                yield found

    fwalk = os.fwalk
    monkeypatch.setattr(os, "fwalk", walk_while_it_is_removed)
    modes.prepare_downloads(settings)
    assert mode_of(settings.downloads_dir) == modes.FOLDER_MODE


def test_files_are_given_to_the_group_that_is_named(tmp_path: Path) -> None:
    mine = os.getegid()
    name = grp.getgrgid(mine).gr_name
    settings = load_settings(instance_dir=tmp_path, downloads_dir=tmp_path / "downloads", files_group=name)
    modes.prepare_downloads(settings)
    assert settings.downloads_dir.stat().st_gid == mine


def test_a_group_that_does_not_exist_stops_the_start() -> None:
    with pytest.raises(ConfigError, match="FILES_GROUP is 'nobody-of-this-name'"):
        load_settings(files_group="nobody-of-this-name")
