"""docs/deploy.md agrees with deploy/: files, paths, names, settings. `test_empty_debian.py` follows the page."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from downloads_app.config import Settings
from tests.deploy.page import BLOCKS, COMMANDS, NAME, TEXT
from tests.support.server import PROJECT
from tests.support.units import UNITS, read_unit

ELSEWHERE = {
    *("compose-nginx.conf", "demo.py", "demo_play.py", "demo_samples.py", "need-packages.sh"),
    *("fail2ban", "alerts.yml", "alerts.test.yml", "dashboard.json", "prometheus.yml"),
}
"""Of deploy/: what is for containers and for `make`, and what docs/operating.md tells of."""
NGINX = (PROJECT / "deploy/nginx.conf").read_text()
ROOT = "/opt/downloads-app"


def copied() -> dict[str, str]:
    """Return where the page puts each file of deploy/."""
    found: dict[str, str] = {}
    for line in COMMANDS.splitlines():
        if "deploy/" in line:
            words = [word for word in shlex.split(line, comments=True) if word != ">"]
            found |= {word: words[-1] for word in words[:-1] if word.startswith("deploy/")}
    return found


@pytest.mark.parametrize("heading", BLOCKS)
def test_a_shell_can_read_every_block(heading: str) -> None:
    done = subprocess.run(["bash", "-n"], input=BLOCKS[heading], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_every_file_that_is_copied_exists_and_none_is_forgotten() -> None:
    shipped = {path.name for path in (PROJECT / "deploy").iterdir() if not path.name.startswith("__")}
    assert {Path(name).name for name in copied()} == shipped - ELSEWHERE


def test_what_it_restarts_are_the_units_that_it_copies() -> None:
    named = set(re.findall(r"\b(downloads-\w+)\.service", COMMANDS))
    started = {
        word
        for line in re.findall(r"^systemctl (?:enable|restart).*$", COMMANDS, re.MULTILINE)
        for word in line.split()[2:]
    }
    assert named == set(UNITS)
    assert started - {"--now"} == set(UNITS)
    for name in UNITS:
        assert copied()[f"deploy/{name}.service"] == "/etc/systemd/system/"


@pytest.mark.parametrize("name", UNITS)
def test_the_units_find_what_the_page_has_put_there(name: str) -> None:
    unit = {key: values[-1] for key, values in read_unit(name).items()}
    assert unit["WorkingDirectory"] == ROOT
    assert f'git clone "$SOURCE" {ROOT}\n' in COMMANDS
    assert f"cd {ROOT}\npython3 -m venv .venv\n" in COMMANDS
    assert unit["ExecStart"].startswith(f"{ROOT}/.venv/bin/python ")
    assert unit["EnvironmentFile"] == copied()["deploy/downloads-app.env"]
    state = f"/var/lib/{unit['StateDirectory']}"
    assert f"useradd --system --home-dir {state} --shell /usr/sbin/nologin {unit['User']}\n" in COMMANDS
    assert f"-m 0640 -g {unit['User']} deploy/downloads-app.env" in COMMANDS


def test_the_settings_exist_and_are_those_of_the_page_and_of_nginx() -> None:
    settings = dict(
        line.split("=", 1)
        for line in (PROJECT / "deploy/downloads-app.env").read_text().splitlines()
        if not line.startswith("#")
    )
    assert {name.lower() for name in settings} - {"web_concurrency"} <= set(Settings.model_fields)
    assert settings["INSTANCE_DIR"] == f"/var/lib/{read_unit('downloads-web')['StateDirectory'][0]}"
    assert f"location {settings['ACCEL_REDIRECT_PREFIX']} {{" in NGINX
    assert f"alias {settings['DOWNLOADS_DIR']}/;" in NGINX
    user, database = "downloads", settings["DATABASE_URL"].partition("?")[0].rpartition("/")[2]
    assert settings["DATABASE_URL"].startswith(f"postgresql://{user}@/")
    assert f"createuser {user}\n" in COMMANDS
    assert f"createdb --owner {user} --encoding UTF8 --template template0 {database}\n" in COMMANDS


def test_nginx_gets_the_name_the_certificate_and_the_folders_of_the_page() -> None:
    assert f"NAME={NAME}\n" in COMMANDS
    for file in ("fullchain.pem", "privkey.pem"):
        assert f"/etc/letsencrypt/live/{NAME}/{file};" in NGINX
    webroot = re.findall(r"--webroot-path (\S+)", COMMANDS)
    assert [f"root {path};" in NGINX for path in webroot] == [True]
    (log_folder,) = re.findall(r"install -d -m 0755 -g adm (\S+)\n", COMMANDS)
    assert f"access_log {log_folder}/access.log downloads;" in NGINX
    assert f"{log_folder}/access.log {{" in (PROJECT / "deploy/logrotate").read_text()
    assert f"`{log_folder}/access.log`" in TEXT


def test_debians_nginx_still_has_what_the_page_changes_in_it() -> None:
    theirs = Path("/etc/nginx/nginx.conf").read_text()
    (changed,) = re.findall(r"^sed -i 's/(.*?)/.*?/' /etc/nginx/nginx.conf", COMMANDS, re.MULTILINE)
    assert changed in theirs
    for file, place in copied().items():
        if "nginx" in file:
            assert f"include {Path(place).parent}/*.conf;" in theirs
