"""A file that the server still prepares (202) waits alone: the others arrive meanwhile."""

import time
from pathlib import Path

import pytest

from downloads_app.errors import SourceError
from downloads_app.worker.transfer.worklist import MAX_OPEN_FILES
from tests.support.file_server import Fault, FileServer
from tests.worker.transfer.transferring import Run, noise

HOUR = Fault(status=202, headers={"Retry-After": "3000"})


def test_files_that_thaw_for_an_hour_hold_nothing_back(server: FileServer, folder: Path) -> None:
    frozen = [server.put(f"frozen-{number}", noise(1000, number)) for number in range(MAX_OPEN_FILES + 8)]
    for file in frozen:
        server.fail(file.path, HOUR)
    others = [server.put(f"other-{number}", noise(2000, number)) for number in range(40)]
    run = Run(server, [*frozen, *others], folder)
    with pytest.raises(SourceError, match="202 Accepted") as error:
        run.finish()
    assert {file.path for file, _ in run.done} == {file.path for file in others}
    assert error.value.is_on_its_way
    assert 2900 < (error.value.retry_after_seconds or 0) <= 3000
    assert all(len(server.seen(file.path)) == 1 for file in frozen)


def test_a_file_that_is_ready_in_a_moment_arrives_in_the_same_run(server: FileServer, folder: Path) -> None:
    file, other = server.put("soon", noise(3_000_000)), server.put("other", noise(1000))
    server.fail("soon", Fault(status=202, headers={"Retry-After": "1"}))
    begun_at = time.monotonic()
    Run(server, [file, other], folder).finish()
    assert (folder / "soon").read_bytes() == noise(3_000_000)
    assert time.monotonic() - begun_at >= 1
    assert server.seen("other")[0].at < server.seen("soon")[1].at


def test_the_bytes_of_a_file_that_freezes_in_the_middle_are_kept(server: FileServer, folder: Path) -> None:
    file = server.put("half", noise(4_000_000))
    server.fail("half", Fault(drop_after=1_500_000), *[HOUR] * 20)
    with pytest.raises(SourceError, match="202 Accepted"):
        Run(server, [file], folder).finish()
    server.faults.clear()
    sent = server.count_sent()
    Run(server, [file], folder).finish()
    assert (folder / "half").read_bytes() == noise(4_000_000)
    assert server.count_sent() - sent < 3_000_000
