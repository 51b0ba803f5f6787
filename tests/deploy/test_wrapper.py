"""deploy/downloads-app: a command under systemd-run, which hands on nothing of the caller's environment by itself."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.page import COMMANDS
from tests.support.server import PROJECT
from tests.support.units import UNITS, read_unit

WRAPPER = PROJECT / "deploy/downloads-app"
PYTHON = "/opt/downloads-app/.venv/bin/python"
SYSTEMD_RUN_PY = f"""
import json, os, sys
options = sys.argv[1 : sys.argv.index({PYTHON!r})]
words = [word.replace("$$", "$") for word in sys.argv[sys.argv.index({PYTHON!r}) + 1 :]]
given = [option.removeprefix("--setenv=") for option in options if option.startswith("--setenv=")]
with open(os.environ["TOLD"], "w") as told:
    json.dump({{"options": options, "words": words}}, told)
settings = json.loads(os.environ["SETTINGS"])
os.chdir({str(PROJECT)!r})
os.execvp("env", ["env", "-i", *given, *settings, {sys.executable!r}, *words])
"""
SYSTEMD_RUN = f"""#!/bin/sh
exec '{sys.executable}' "$0.py" "$@"
"""
SYSTEMCTL = """#!/bin/sh
for word do case $word in --property=*) name=${word#--property=} ;; downloads-*) unit=$word ;; esac done
case $name.$unit in
    LoadState.*) echo loaded ;;
    ReadWritePaths.downloads-web) echo /var/lib/downloads-app /srv/both /srv/web ;;
    ReadWritePaths.*) echo /srv/worker /var/lib/downloads-app /srv/both ;;
    LimitNOFILE.*) echo 65536 ;;
    ProtectSystem.*) echo strict ;;
    SystemCallFilter.*) echo read write ;;
    *) echo ;;
esac
"""


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Stand-ins for systemd's two programs, which keep as little as they do."""
    programs = {"systemd-run": SYSTEMD_RUN, "systemctl": SYSTEMCTL, "downloads-app": WRAPPER.read_text()}
    (tmp_path / "systemd-run.py").write_text(SYSTEMD_RUN_PY)
    for name, text in programs.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    settings = [f"DATABASE_URL=sqlite:///{tmp_path}/app.db", f"INSTANCE_DIR={tmp_path}/instance"]
    told = {"TOLD": str(tmp_path / "told"), "SETTINGS": json.dumps(settings)}
    return {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path), **told}


def run(env: dict[str, str], *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(["downloads-app", *words], env=env, capture_output=True, text=True, timeout=60)


def read_told(env: dict[str, str], what: str) -> list[str]:
    told: list[str] = json.loads(Path(env["TOLD"]).read_text())[what]
    return told


def test_it_runs_as_the_units_do() -> None:
    script = WRAPPER.read_text()
    unit = read_unit("downloads-worker")
    for key in ("User", "Group", "UMask", "EnvironmentFile", "WorkingDirectory"):
        assert f"--property={key}={unit[key][0]}" in script
    assert all(name in script for name in UNITS)
    assert WRAPPER.stat().st_mode & 0o111
    assert "install -m 0755 deploy/downloads-app /usr/local/bin/downloads-app\n" in COMMANDS


def test_it_hands_words_on_as_they_are(env: dict[str, str]) -> None:
    """systemd reads `$NAME` and `${NAME}` in words as variables, and `$$` as a plain `$` (systemd.service(5))."""
    words = ["users", "$HOME", "${JWT_SECRET_KEY}", "a $$ 'b' \"c\" \\ *", "", "two\nlines\n", "-n"]
    run(env, *words)
    assert read_told(env, "words") == ["-m", "downloads_app", *words]


def test_help_names_the_command_that_was_typed(env: dict[str, str]) -> None:
    done = run(env, "users", "create", "--help")
    assert done.stdout.startswith("Usage: downloads-app users create "), done.stdout + done.stderr


def test_terminal_language_and_zone_are_handed_on_and_nothing_else(env: dict[str, str]) -> None:
    wanted = {
        "NO_COLOR": "1",
        "COLUMNS": "200",
        "TERM": "xterm-256color",
        "TZ": "Asia/Tokyo",
        "LANG": "de_DE.UTF-8",
        "LC_ALL": "",
        "COMP_WORDS": "a  'b' $HOME\nc",
    }
    others = {"PYTHONPATH": "/nowhere", "DATABASE_URL": "sqlite:////nowhere", "JWT_SECRET_KEY": "x", "LD_PRELOAD": ""}
    run({**env, **wanted, **others}, "users", "--help")
    given = [option for option in read_told(env, "options") if option.startswith("--setenv=")]
    assert sorted(given) == sorted(f"--setenv={name}={value}" for name, value in wanted.items())


def test_a_shell_completes_as_the_page_sets_it_up(env: dict[str, str]) -> None:
    asked = """
        eval "$(_DOWNLOADS_APP_COMPLETE=bash_source downloads-app)"
        COMP_WORDS=(downloads-app downloads pa) COMP_CWORD=2
        _downloads_app_completion downloads-app
        echo "${COMPREPLY[@]}"
    """
    done = subprocess.run(["bash", "--norc", "-c", asked], env=env, capture_output=True, text=True, timeout=60)
    assert done.stdout.split() == ["pause"], done.stderr


def test_the_doctor_gets_the_limits_of_the_units_and_writes_where_both_may(env: dict[str, str]) -> None:
    run(env, "doctor", "--help")
    given = {option for option in read_told(env, "options") if option.startswith("--property=")}
    assert {f"--property={limit}" for limit in ("LimitNOFILE=65536", "ProtectSystem=strict")} < given
    assert "--property=SystemCallFilter=read write" in given
    writable = {option.rpartition("=")[2] for option in given if "ReadWritePaths" in option}
    assert writable == {"/var/lib/downloads-app", "/srv/both"}
    run(env, "backup", "--help")
    assert not any("ReadWritePaths" in option for option in read_told(env, "options"))
