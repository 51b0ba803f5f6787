"""The systemd units: what other users of the machine can reach, and what the service itself cannot."""

import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from downloads_app import modes
from tests.support import units
from tests.support.server import PROJECT
from tests.support.units import UNITS, unit_file

OTHERS = 0o007
GROUP_WRITES = 0o020
MOST_EXPOSED = 2.5
"""Of 10, by systemd's own count."""


def read_unit(name: str) -> dict[str, str]:
    """Return the last value of each setting of a unit's [Service]."""
    return {key: values[-1] for key, values in units.read_unit(name).items()}


@pytest.mark.parametrize("name", UNITS)
def test_systemd_finds_the_unit_hardened(name: str) -> None:
    limit = f"--threshold={MOST_EXPOSED * 10:.0f}"
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", limit, str(unit_file(name))]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-200:] + done.stderr


@pytest.mark.parametrize("name", UNITS)
def test_systemd_understands_every_line(name: str, tmp_path: Path) -> None:
    """It only warns of a setting that it does not know, and goes on without."""
    text = unit_file(name).read_text().replace("/opt/downloads-app/.venv/bin/python", f'"{sys.executable}"')
    file = tmp_path / f"{name}.service"
    file.write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", "--generators=no", "--recursive-errors=no", str(file)]
    done = subprocess.run(command, capture_output=True, text=True)
    said = [line for line in done.stderr.splitlines() if str(file) in line or file.name in line]
    assert (done.returncode, said) == (0, [])


@pytest.mark.parametrize("name", UNITS)
def test_nobody_else_enters_the_folder_of_secrets_and_files(name: str) -> None:
    unit = read_unit(name)
    mode = int(unit["StateDirectoryMode"], 8)
    assert mode & OTHERS == 0
    assert mode & GROUP_WRITES == 0
    assert mode == modes.INSTANCE_MODE or mode & 0o040 == 0, "the group may pass through, but list nothing"
    assert int(unit["UMask"], 8) & (OTHERS | GROUP_WRITES) == OTHERS | GROUP_WRITES
    assert unit["NoNewPrivileges"] == "true"
    assert unit["ProtectSystem"] == "strict"
    assert unit["ReadWritePaths"] == f"/var/lib/{unit['StateDirectory']}"


def test_both_units_are_one_user_who_is_not_root_and_the_web_servers_group() -> None:
    web, worker = map(read_unit, UNITS)
    assert (web["User"], web["Group"]) == (worker["User"], worker["Group"]) == ("downloads", "www-data")


def test_the_socket_is_for_the_web_servers_group_in_a_folder_that_only_it_enters(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    unit = read_unit("downloads-web")
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "unused")
    umask = runpy.run_path(str(PROJECT / "gunicorn.conf.py"))["umask"]
    assert 0o777 & ~umask == 0o770, "gunicorn makes its socket with this mode"
    assert int(unit["RuntimeDirectoryMode"], 8) == 0o750
    assert f"unix:/run/{unit['RuntimeDirectory']}/gunicorn.sock" in unit["Environment"]
    assert "TRUSTED_PROXIES=unix" in unit["Environment"]
    assert f"unix:/run/{unit['RuntimeDirectory']}/gunicorn.sock" in (PROJECT / "deploy/nginx.conf").read_text()
