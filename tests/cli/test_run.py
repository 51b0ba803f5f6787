"""`downloads-app run` before it serves: what cannot work is said at once, and nothing is made, no password printed."""

import re
import runpy
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from downloads_app.cli.serve import find_addresses
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


def test_who_typed_make_is_told_what_to_type(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        environment = {"PATH": "/usr/bin:/bin", "INSTANCE_DIR": str(tmp_path / "instance"), "GUNICORN_BIND": address}
        # nothing is installed anew, whatever the times of the files say
        command = ["make", "--old-file=.venv/run", "run"]
        done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=60)
    told = f"error: {address} is in use; choose another address: GUNICORN_BIND=HOST:PORT make run\n"
    assert told in done.stderr
    assert not (tmp_path / "instance").exists()


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("127.0.0.1:99999", "port must be 0-65535"),
        ("127.0.0.1:http", "'http' is not a valid port number"),
        ("127.0.0.1:8001,127.0.0.1:8002", "is not a valid port number"),
        ("8001", "Cannot assign requested address"),
        ("nowhere.invalid:8001", "."),
        ("[2001:db8::1]:8001", "Cannot assign requested address"),
        ("unix:/nowhere/socket", "there is no folder /nowhere"),
        ("unix:/proc/socket", "/proc cannot be written to: No such file or directory"),
    ],
)
def test_where_nobody_can_listen_is_one_line_and_makes_nothing(address: str, reason: str, tmp_path: Path) -> None:
    code, told = run_in_vain(tmp_path, "-b", address)
    assert code == 1
    assert re.fullmatch(
        rf"error: {re.escape(address)} cannot be listened at \(.*{reason}.*\); choose another .*\n", told
    )


def test_an_address_that_is_not_utf_8_makes_no_traceback(tmp_path: Path) -> None:
    code, told = run_in_vain(tmp_path, "-b", "\udcff:8000")
    assert code == 2
    assert told.splitlines()[-1] == "Error: Invalid value for '-b' / '--bind': '\\udcff:8000' is not valid UTF-8"
    code, told = run_in_vain(tmp_path, GUNICORN_BIND="\udcff:8000")
    assert code == 1
    assert re.fullmatch("error: .* cannot be listened at .*\n", told)


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


@pytest.mark.parametrize(
    ("name", "value", "code", "reason"),
    [
        ("GUNICORN_CMD_ARGS", "--prt 8001", 2, "unrecognized arguments: --prt"),
        ("GUNICORN_CMD_ARGS", "--bind 127.0.0.1:99999", 1, "127.0.0.1:99999 cannot be listened at"),
        ("GUNICORN_CMD_ARGS", "--bind '127.0.0.1", 1, "error: GUNICORN_CMD_ARGS: No closing quotation"),
        ("WEB_CONCURRENCY", "two", 1, "error: WEB_CONCURRENCY is no number: 'two'"),
    ],
)
def test_settings_of_gunicorn_that_it_would_refuse_make_nothing(
    name: str, value: str, code: int, reason: str, tmp_path: Path
) -> None:
    found, told = run_in_vain(tmp_path, **{name: value})
    assert found == code
    assert "Traceback" not in told
    assert reason in told


def test_a_downloads_folder_that_cannot_be_made_makes_nothing(tmp_path: Path) -> None:
    code, told = run_in_vain(tmp_path, GUNICORN_BIND="unix:/run/x", DOWNLOADS_DIR="/proc/downloads")
    assert code == 1
    assert re.fullmatch(r"error: the folder DOWNLOADS_DIR='/proc/downloads' cannot be made: .*\n", told)


def test_only_where_gunicorn_would_listen_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GUNICORN_BIND", "unix:/run/x, 127.0.0.1:1,")
    assert find_addresses(None, []) == ["unix:/run/x", "127.0.0.1:1"]
    assert find_addresses(None, ["--config", str(tmp_path)]) == []
    monkeypatch.setenv("GUNICORN_CMD_ARGS", "--bind 127.0.0.1:2 -b 127.0.0.1:3")
    assert find_addresses(None, []) == ["127.0.0.1:2", "127.0.0.1:3"]
    assert find_addresses("127.0.0.1:4", []) == ["127.0.0.1:4"]


@pytest.mark.parametrize(
    ("told", "binds"), [("", ["127.0.0.1:8000"]), ("127.0.0.1:1, [::1]:1,", ["127.0.0.1:1", "[::1]:1"])]
)
def test_an_empty_address_is_not_every_address(told: str, binds: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "unused")
    monkeypatch.setenv("GUNICORN_BIND", told)
    assert runpy.run_path(str(PROJECT / "gunicorn.conf.py"))["bind"] == binds


def test_help_needs_no_settings_of_gunicorn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_CONCURRENCY", "two")
    command = [sys.executable, "-m", "downloads_app", "--help"]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
