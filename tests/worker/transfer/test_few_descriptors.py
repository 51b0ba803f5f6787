"""A process that may open few files uses fewer connections, and nothing fails."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.file_server import FileServer
from tests.worker.transfer.transferring import noise

PROGRAM = """
import logging, resource, sys
from pathlib import Path
logging.basicConfig(level=logging.WARNING)
from downloads_app.sources import Access, RemoteFile
from downloads_app.worker.transfer.bandwidth import Limits
from downloads_app.worker.transfer.transfer import Transfer
url, folder, most, *names = sys.argv[1:]
files = [RemoteFile(name, url + name, int(name.split("-")[0])) for name in names]
transfer = Transfer(Access(url, allow_private_network=True), files, Path(folder), limits=Limits(16, 16),
    report=lambda progress: None, file_done=lambda file, result: None, should_stop=lambda: False)
resource.setrlimit(resource.RLIMIT_NOFILE, (int(most), int(most)))
transfer.run()
"""


@pytest.mark.parametrize("most", [14])
def test_too_many_open_files_lower_the_connections_and_fail_nothing(
    server: FileServer, folder: Path, most: int
) -> None:
    server.bytes_per_second = 20 << 20
    sizes = [3_000_000, *[200_000 + number for number in range(20)], *range(20)]
    for size in sizes:
        server.put(f"{size}-file", noise(size))
    arguments = [server.url, str(folder), str(most), *(f"{size}-file" for size in sizes)]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "too many open files; fewer are used" in done.stderr
    assert all((folder / f"{size}-file").read_bytes() == noise(size) for size in sizes)
