"""A process that moves bytes is killed, again and again: only the seconds since the last save are lost."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from downloads_app.services.files.partials import find_partials
from downloads_app.worker.files.stock import take_stock
from downloads_app.worker.transfer.bandwidth import Limits
from tests.support.file_server import FileServer
from tests.worker.transfer.transferring import Run, noise

MIB = 1 << 20
PROGRAM = """
import sys
from pathlib import Path
from downloads_app.sources import Access, RemoteFile
from downloads_app.worker.transfer.bandwidth import Limits
from downloads_app.worker.transfer.transfer import Transfer
url, folder, size, sha256 = sys.argv[1:]
files = [RemoteFile("x.bin", url + "x.bin", int(size), sha256 if sha256 != "-" else None)]
Transfer(Access(url, allow_private_network=True), files, Path(folder), limits=Limits(4, 4),
    report=lambda progress: None, file_done=lambda file, result: None, should_stop=lambda: False).run()
"""


def start(server: FileServer, folder: Path, size: int, sha256: str | None) -> subprocess.Popen[bytes]:
    arguments = [server.url, str(folder), str(size), sha256 or "-"]
    return subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], cwd=Path(__file__).parents[3])


def test_ten_kills_cost_only_the_seconds_since(server: FileServer, folder: Path) -> None:
    file = server.put("x.bin", noise(64 * MIB))
    kept = 0
    for _ in range(10):
        server.most_sent = server.count_sent() + 5 * MIB
        process = start(server, folder, 64 * MIB, file.sha256)
        deadline = time.monotonic() + 30
        while (
            process.poll() is None
            and take_stock(folder, [file]).here_bytes < kept + MIB
            and time.monotonic() < deadline
        ):
            time.sleep(0.02)  # the condition is on another process's disk
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        still_kept = take_stock(folder, [file]).here_bytes
        assert still_kept > kept
        kept = still_kept
    sent_before, server.most_sent = server.count_sent(), None
    Run(server, [file], folder, limits=Limits(1, 1)).finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]
    assert server.sent_bytes - sent_before <= 64 * MIB - kept


def test_a_killed_process_leaves_nothing_under_a_final_name(server: FileServer, folder: Path) -> None:
    server.most_sent = 8 * MIB
    file = server.put("x.bin", noise(16 * MIB))
    process = start(server, folder, 16 * MIB, None)
    deadline = time.monotonic() + 30
    while not list(find_partials(folder).glob("*.json")) and time.monotonic() < deadline:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert list(folder.rglob("*")) == []
    server.most_sent = None
    Run(server, [file], folder).finish()
    assert (folder / "x.bin").read_bytes() == server.files["x.bin"]
