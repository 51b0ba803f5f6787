"""What arrived is not what was promised: damaged, changed, a page, another format. It is fetched anew or refused."""

import hashlib
from functools import partial
from pathlib import Path

import pytest

from downloads_app.worker.transfer import recovery
from tests.support.file_server import Fault, FileServer
from tests.worker.transfer.transferring import Run, fail_with, noise


def test_damaged_bytes_are_fetched_once_more(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(100_000))
    server.fail("x.bin", Fault(body=bytes(100_000)))
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]
    assert len(server.seen("x.bin")) == 2


def test_bytes_damaged_twice_fail_naming_file_and_both_sums(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(100_000))
    server.fail("x.bin", Fault(body=bytes(100_000)), Fault(body=bytes(100_000)))
    error = fail_with(server, [file], folder)
    assert error.permanent
    assert "x.bin" in error.message
    assert str(file.sha256) in error.message
    assert hashlib.sha256(bytes(100_000)).hexdigest() in error.message
    assert len(server.seen("x.bin")) == 2


def test_content_that_changes_in_the_middle_is_fetched_anew(
    server: FileServer, folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = server.put("x.bin", noise(1 << 20, 1), told=False)
    newer = noise(1 << 20, 2)
    server.fail("x.bin", Fault(drop_after=500_000), Fault(before=lambda: server.files.update({"x.bin": newer})))
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == newer
    assert "x.bin changed at the server" in caplog.text


def test_content_that_keeps_changing_fails_and_says_so(
    server: FileServer, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recovery, "MAX_FAILURES", 3)
    file = server.put("x.bin", noise(1 << 20, 1), told=False)
    for seed in range(2, 8):
        newer = noise(1 << 20, seed)
        change = Fault(before=partial(server.files.update, {"x.bin": newer}), drop_after=500_000)
        server.fail("x.bin", Fault(drop_after=500_000), change)
    error = fail_with(server, [file], folder)
    assert error.permanent
    assert "changed at the server" in error.message


def test_another_size_than_listed_is_refused_with_both_numbers(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(1000))
    server.files["x.bin"] = noise(1200)
    error = fail_with(server, [file], folder)
    assert error.permanent
    assert "1000" in error.message
    assert "1200" in error.message
