"""`downloads-app run` before it serves: what cannot work is said at once, and nothing is made, no password printed."""

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.server import PROJECT


def run_in_vain(folder: Path, *options: str, **settings: str) -> tuple[int, str]:
    """Return the exit code and what is on standard error."""
    done = subprocess.run(
        [sys.executable, "-m", "downloads_app", "run", *options],
        cwd=PROJECT,
        env={"PATH": "", "INSTANCE_DIR": str(folder / "instance"), **settings},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == ""
    assert not (folder / "instance").exists()
    return done.returncode, done.stderr


def test_a_port_that_is_taken_is_one_line_and_makes_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        expected = f"error: {address} is in use; choose another address with -b HOST:PORT or GUNICORN_BIND\n"
        assert run_in_vain(tmp_path, GUNICORN_BIND=address) == (1, expected)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("127.0.0.1:99999", "port must be 0-65535"),
        ("127.0.0.1:http", "'http' is not a valid port number"),
        ("8001", "Cannot assign requested address"),
        ("nowhere.invalid:8001", "."),
        ("[2001:db8::1]:8001", "Cannot assign requested address"),
    ],
)
def test_where_nobody_can_listen_is_one_line_and_makes_nothing(address: str, reason: str, tmp_path: Path) -> None:
    code, told = run_in_vain(tmp_path, "-b", address)
    assert code == 1
    assert re.fullmatch(
        rf"error: {re.escape(address)} cannot be listened at \(.*{reason}.*\); choose another .*\n", told
    )


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--prt", "8001"], "unrecognized arguments: --prt"),
        (["--timeout", "soon"], "argument -t/--timeout: invalid"),
        (["8001"], "Got unexpected extra argument (8001)"),
    ],
)
def test_an_option_that_nobody_knows_makes_nothing(options: list[str], reason: str, tmp_path: Path) -> None:
    code, told = run_in_vain(tmp_path, *options)
    assert code == 2
    assert told.lower().startswith("usage: ")
    assert reason in told
