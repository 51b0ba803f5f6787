"""A small disk goes with the process that asked for it, however that process ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.support.server import PROJECT, wait_until

PROGRAM = """
import sys, time
from pathlib import Path
from tests.support.small_disk import small_disk
with small_disk(Path(sys.argv[1]), 1 << 20):
    print("mounted", flush=True)
    time.sleep(600)
"""


def test_a_killed_run_leaves_nothing_mounted(tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    command = [sys.executable, "-c", PROGRAM, str(folder)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"mounted\n"
        assert folder.is_mount()
        os.killpg(process.pid, signal.SIGKILL)
    wait_until(lambda: not folder.is_mount(), 30, "it to be unmounted")
