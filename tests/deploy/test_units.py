"""The systemd units: what other users of the machine can reach."""

import re
import runpy

import pytest

from downloads_app import modes
from tests.support.server import PROJECT

UNITS = ("downloads-web", "downloads-worker")
OTHERS = 0o007
GROUP_WRITES = 0o020


def read_unit(name: str) -> dict[str, str]:
    """Return the settings of a unit's [Service]; systemd.syntax(7)."""
    section = (PROJECT / "deploy" / f"{name}.service").read_text().partition("[Service]")[2].partition("\n[")[0]
    return dict(re.findall(r"^(\w+)=(.*)$", section, re.MULTILINE))


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
