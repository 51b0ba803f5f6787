"""Clients as processes of their own, whose output a test reads while they run."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.server import PROJECT

DEADLINE_SECONDS = 60


@contextmanager
def running(command: list[str], env: dict[str, str], output: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command in the project's folder; kill it if it is still there at the end."""
    with output.open("wb") as out:
        process = subprocess.Popen(command, cwd=PROJECT, env=env, stdout=out, stderr=sys.stderr)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
