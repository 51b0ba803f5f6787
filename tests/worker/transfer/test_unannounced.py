"""Files of which nobody tells the size: they end where their answer does."""

import threading
from pathlib import Path

import pytest

from downloads_app.worker.transfer.bandwidth import Limits
from tests.support.file_server import Fault, FileServer
from tests.worker.transfer.transferring import Run, noise


@pytest.mark.parametrize("size", [0, 1, 511, 512, 600])
def test_a_small_file_of_unknown_length_arrives_whole(server: FileServer, folder: Path, size: int) -> None:
    file = server.put("x.bin", noise(size), told=False)
    server.fail("x.bin", Fault(chunked=True))
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]


def test_an_answer_of_unknown_length_is_not_shared_out(server: FileServer, folder: Path) -> None:
    server.bytes_per_second = 2 << 20
    file = server.put("x.bin", noise(1 << 20), told=False)
    server.fail("x.bin", Fault(chunked=True))
    other = server.put("y.bin", noise(1 << 20))
    Run(server, [file, other], folder, limits=Limits(8, 8)).finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]
    assert len(server.seen("x.bin")) == 1


def test_an_answer_that_ends_long_after_its_last_byte_is_not_waited_for(server: FileServer, folder: Path) -> None:
    late = server.put("x.bin", noise(600))
    other = server.put("y.bin", noise(1000))
    placed = threading.Event()

    def hold(_: object) -> None:
        if (folder / "x.bin").exists():
            placed.set()

    server.fail("x.bin", Fault(chunked=True, before_end=lambda: placed.wait(10)))
    server.fail("y.bin", Fault(before=lambda: placed.wait(10)))
    run = Run(server, [late, other], folder)
    run.on_report(hold)
    run.finish()
    assert placed.is_set()
    assert [file.path for file, _ in run.done] == ["x.bin", "y.bin"]
