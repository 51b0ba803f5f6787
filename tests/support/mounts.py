"""Filesystems that tests mount: each goes with the process that asked for it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

AS_ROOT = [] if os.geteuid() == 0 else ["sudo", "--non-interactive"]


@contextmanager
def mounted(folder: Path, script: str, argument: str) -> Iterator[Path]:
    """Make `folder`, and mount on it what a shell's script mounts; it goes with the block.

    The script gets the argument and the folder, prints `mounted`, and unmounts when its input ends. The kernel ends
    that however the test process dies, also by SIGKILL. A mount that a killed run leaves would make later runs fail:
    pytest cannot remove its folders of before.
    """
    folder.mkdir()
    command = [*AS_ROOT, "sh", "-c", script, "sh", argument, str(folder)]
    # In a session of its own, as Ctrl-C and a killed process group would end it before it unmounts.
    keeper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True)
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    try:
        while keeper.stdout.readline() != b"mounted\n":  # mount.exfat-fuse greets first
            assert keeper.poll() is None
        yield folder
    finally:
        keeper.stdin.close()
        assert keeper.wait(30) == 0
        keeper.stdout.close()
