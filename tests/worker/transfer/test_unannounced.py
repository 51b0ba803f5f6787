"""Files of which nobody tells the size: they end where their answer does."""

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
