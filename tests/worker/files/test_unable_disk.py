"""What a filesystem cannot do costs a warning; what it does not do for the moment costs time; neither the download."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from downloads_app.errors import Conflict, NoSpace, Passing, TooManyFiles
from downloads_app.models import Provider, Status, User
from downloads_app.worker.files import disk
from tests.support.downloading import reload
from tests.support.file_server import FileServer
from tests.support.publishing import publish, queue_download
from tests.worker.running import FILES, run
from tests.worker.transfer.transferring import Run, noise


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOTSUP, errno.ENOSYS])
def test_a_filesystem_that_cannot_sync_folders_costs_a_warning(
    server: FileServer,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    number: int,
) -> None:
    fsync = os.fsync

    def refuse_folders(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(number, os.strerror(number))
        fsync(descriptor)

    monkeypatch.setattr("downloads_app.worker.files.disk.os.fsync", refuse_folders)
    disk._warn_once.cache_clear()
    files = [server.put(f"deep/{number}/x.bin", noise(1000 + number)) for number in range(3)]
    Run(server, files, folder).finish()
    assert all((folder / file.path).read_bytes() == server.files[file.path] for file in files)
    assert caplog.text.count("the filesystem cannot sync") == 1


@pytest.mark.parametrize(
    ("number", "kind"),
    [
        (errno.ENOSPC, NoSpace),
        (errno.EMFILE, TooManyFiles),
        (errno.ENFILE, TooManyFiles),
        (errno.ESTALE, Passing),
        (errno.ENOENT, Passing),
        (errno.EIO, Passing),
        (errno.ETIMEDOUT, Passing),
        (errno.ELOOP, Conflict),
        (errno.EACCES, Conflict),
    ],
)
def test_what_a_disk_refuses_is_told_apart(number: int, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=r"^x\.bin: ") as error, disk.explain_disk("x.bin"):
        raise OSError(number, os.strerror(number), "/srv/secret/place")
    assert "/srv" not in str(error.value)


def test_a_disk_that_is_away_for_a_moment_makes_the_download_wait(
    app: Flask, alice: User, provider: Provider, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(server, "org/model", FILES)
    row = queue_download(alice, provider)
    write: Callable[..., int] = os.pwritev

    def be_away(*_: object) -> int:
        raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    monkeypatch.setattr("downloads_app.worker.files.disk.os.pwritev", be_away)
    run(app)
    monkeypatch.setattr("downloads_app.worker.files.disk.os.pwritev", write)
    row = reload(row)
    assert (row.status, row.failures) == (Status.PENDING, 1)
    assert "Stale file handle" in (row.wait_reason or "")
