"""`downloads-app run` before it serves: a port that is taken is one line, and no password is printed."""

import socket
import subprocess
import sys
from pathlib import Path

from tests.support.server import PROJECT


def test_a_port_that_is_taken_is_one_line_and_makes_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = subprocess.run(
            [sys.executable, "-m", "downloads_app", "run"],
            cwd=PROJECT,
            env={"PATH": "", "INSTANCE_DIR": str(tmp_path / "instance"), "GUNICORN_BIND": address},
            capture_output=True,
            text=True,
        )
    expected = f"error: {address} is in use; choose another address with -b HOST:PORT or GUNICORN_BIND\n"
    assert (done.returncode, done.stdout, done.stderr) == (1, "", expected)
    assert not (tmp_path / "instance").exists()
